"""What a failed job means to the client."""

from picoserve.engine.engine import FailureKind
from picoserve.errors import (
    ContextLengthError,
    EngineFailedError,
    EngineMemoryError,
    InvalidRequestError,
    ModelUnavailableError,
    PicoserveError,
    UnsupportedParameterError,
)
from picoserve.logs import get_logger
from picoserve.pool.lease import Lease
from picoserve.worker.messages import Failed

_log = get_logger(__name__)


def context_length_error(
    context: int, prompt_tokens: int, *, param: str = "messages"
) -> ContextLengthError:
    """OpenAI's wording, with both counts."""
    return ContextLengthError(
        f"This model's maximum context length is {context} tokens. However, your messages "
        f"resulted in {prompt_tokens} tokens. Please reduce the length of the messages.",
        param=param,
    )


def error_from_failure(failure: Failed, lease: Lease | None, field: str) -> PicoserveError:
    """The error to show for a job that an engine refused or lost; the log has what it said."""
    if failure.kind is not FailureKind.CONTEXT_LENGTH:
        engine = lease.engine if lease else ""
        _log.warning("job failed", engine=engine, kind=failure.kind, problem=failure.message)
    match failure.kind:
        case FailureKind.CONTEXT_LENGTH:
            context = lease.info.context_length if lease else 0
            tokens = failure.prompt_tokens or context
            return context_length_error(context, tokens, param=field)
        case FailureKind.INVALID_REQUEST:
            return InvalidRequestError(f"The engine refused the request: {failure.message}")
        case FailureKind.UNSUPPORTED:
            return UnsupportedParameterError(failure.message, param="model")
        case FailureKind.ACTIVATION:
            return ModelUnavailableError(f"The model cannot be used: {failure.message}")
        case FailureKind.MEMORY:
            return EngineMemoryError("The engine has not enough memory for this request.")
        case _:
            return EngineFailedError("The engine failed on this request.")

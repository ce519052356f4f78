"""Token ids of a text, from an engine of the model, between its jobs."""

from picoserve.engine.engine import EngineError
from picoserve.pipeline.failures import error_from_failure
from picoserve.pool.pool import Pool
from picoserve.worker.messages import Failed


async def token_ids(pool: Pool, model: str, text: str, field: str) -> list[int]:
    """The ids; their number is what a job with this prompt would report.

    Args:
        field: The request field that the text came from, for errors.

    Raises:
        PicoserveError: No engine works, or it failed.
    """
    try:
        return await pool.models[model].tokenize(text)
    except EngineError as error:
        failure = Failed(0, error.kind, error.message, error.prompt_tokens)
        raise error_from_failure(failure, None, field) from error

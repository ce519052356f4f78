"""A text completion request → the jobs that answer it. The prompt is used as it is."""

from typing import Final

from picoserve.engine.engine import EngineInfo
from picoserve.errors import (
    InvalidRequestError,
    UnsupportedParameterError,
    UnsupportedValueError,
)
from picoserve.generation import Job
from picoserve.openai_api.completions import FORM_FIELDS, CompletionRequest
from picoserve.prompt.limits import check_certain_overflow, check_sampling, check_stream_options
from picoserve.prompt.sampling import jobs_for_choices, token_limit
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.text import checked_text

_DEFAULT_TOKENS = 16
"""What OpenAI generates when a text completion does not say."""
_MOST_CHOICES = 2048
_NO_FORM: Final[tuple[object, ...]] = (None, "", [], {}, {"type": "text"})


def completion_jobs(request: CompletionRequest, model: ServedModel, info: EngineInfo) -> list[Job]:
    """`n` jobs for each prompt, in order.

    Raises:
        InvalidRequestError: Something in the request cannot be served.
    """
    check_stream_options(request)
    check_sampling(request, info)
    _check_support(request)
    template = model.template(info)
    stop = tuple(
        checked_text(phrase, f"stop[{i}]") for i, phrase in enumerate(request.stop_phrases)
    )
    prompts = _prompts(request, info)
    if len(prompts) * (request.n or 1) > _MOST_CHOICES:
        raise InvalidRequestError(
            f"Invalid 'n': at most {_MOST_CHOICES} choices are made, 'n' for each prompt.",
            param="n",
            code="invalid_value",
        )
    limit = token_limit(request.max_tokens, model.default_sampling, info)
    jobs: list[Job] = []
    for prompt in prompts:
        check_certain_overflow(prompt, info, "prompt")
        jobs += jobs_for_choices(
            request,
            model.default_sampling,
            prompt=prompt,
            stop=(*template.strip_phrases, *stop),
            max_tokens=limit or _DEFAULT_TOKENS,
            top_logprobs=_top_logprobs(request, info),
        )
    return jobs


def _prompts(request: CompletionRequest, info: EngineInfo) -> list[str]:
    if isinstance(request.prompt, str):
        return [_prompt(request.prompt, "prompt", info)]
    texts = []
    for index, prompt in enumerate(request.prompt):
        if not isinstance(prompt, str):
            raise UnsupportedValueError(
                "Unsupported value: 'prompt' must be text; token ids are not supported "
                "with this model.",
                param="prompt",
            )
        texts.append(_prompt(prompt, f"prompt[{index}]", info))
    return texts


def _prompt(text: str, param: str, info: EngineInfo) -> str:
    if not text and info.needs_prompt:
        raise InvalidRequestError(
            f"Invalid '{param}': it is empty, and the model has no token to begin a text with.",
            param=param,
            code="invalid_value",
        )
    return checked_text(text, param)


def _check_support(request: CompletionRequest) -> None:
    if request.best_of is not None and request.best_of != (request.n or 1):
        raise _unsupported("best_of")
    if request.echo:
        raise _unsupported("echo")
    if request.suffix:
        raise _unsupported("suffix")
    extra = request.model_extra or {}
    for name in FORM_FIELDS:
        if extra.get(name) not in _NO_FORM:
            raise UnsupportedParameterError(
                f"Unsupported parameter: '{name}' is not supported with text completions; chat "
                "completions take it.",
                param=name,
            )


def _unsupported(name: str) -> UnsupportedParameterError:
    return UnsupportedParameterError(
        f"Unsupported parameter: '{name}' is not supported with this model.", param=name
    )


def _top_logprobs(request: CompletionRequest, info: EngineInfo) -> int | None:
    return None if request.logprobs is None else min(request.logprobs, info.max_top_logprobs)

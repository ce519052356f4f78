"""A chat request → the jobs that answer it."""

from picoserve.engine.engine import EngineInfo
from picoserve.errors import InvalidRequestError, UnsupportedParameterError, UnsupportedValueError
from picoserve.generation import Job
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.tools import TextFormat
from picoserve.prompt.limits import check_certain_overflow, check_sampling, check_stream_options
from picoserve.prompt.sampling import jobs_for_choices
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.text import checked_text
from picoserve.prompt.turns_from_chat import turns_from_messages


def chat_jobs(request: ChatRequest, model: ServedModel, info: EngineInfo) -> list[Job]:
    """One job per choice.

    Raises:
        InvalidRequestError: Something in the request cannot be served.
    """
    _check_support(request)
    check_stream_options(request)
    check_sampling(request, info)
    template = model.template(info)
    prompt = template.render(turns_from_messages(request.messages))
    check_certain_overflow(prompt, info, "messages")
    stop = tuple(
        checked_text(phrase, f"stop[{i}]") for i, phrase in enumerate(request.stop_phrases)
    )
    return jobs_for_choices(
        request,
        model.default_sampling,
        prompt=prompt,
        stop=(*template.stop_phrases, *template.strip_phrases, *stop),
        max_tokens=request.token_limit,
        top_logprobs=_top_logprobs(request, info),
    )


def _check_support(request: ChatRequest) -> None:
    if request.tools and request.tool_choice != "none":
        raise _unsupported("tools")
    if request.functions and request.function_call != "none":
        raise _unsupported("functions")
    if request.response_format is not None and not isinstance(request.response_format, TextFormat):
        raise UnsupportedValueError(
            f"Unsupported value: 'response_format.type' does not support "
            f"'{request.response_format.type}' with this model.",
            param="response_format.type",
        )
    if request.modalities is not None and request.modalities != ["text"]:
        raise UnsupportedValueError(
            "Unsupported value: 'modalities' does not support anything but [\"text\"] "
            "with this model.",
            param="modalities",
        )
    for name in ("audio", "web_search_options"):
        if (request.model_extra or {}).get(name) is not None:
            raise _unsupported(name)


def _unsupported(name: str) -> UnsupportedParameterError:
    return UnsupportedParameterError(
        f"Unsupported parameter: '{name}' is not supported with this model.", param=name
    )


def _top_logprobs(request: ChatRequest, info: EngineInfo) -> int | None:
    if request.top_logprobs is not None and not request.logprobs:
        raise InvalidRequestError(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            param="top_logprobs",
        )
    if not request.logprobs:
        return None
    return min(request.top_logprobs or 0, info.max_top_logprobs)

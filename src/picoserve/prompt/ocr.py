"""A chat request to an OCR model: one image in, its text out.

picoLLM's OCR takes an image and a token limit. It has no prompt, no sampling, no stop phrases and
reports no tokens (picollm 2.1.4, `PicoLLM.generate_ocr`).
"""

from typing import Final

from picoserve.engine.engine import Capability, EngineInfo
from picoserve.errors import InvalidRequestError, UnsupportedValueError
from picoserve.generation import Job
from picoserve.images.source import ImageSource
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.reply_plan import wants_document
from picoserve.prompt.sampling import jobs_for_choices, token_limit
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.turns_from_chat import turns_from_messages

# What Picovoice's own example strips from the text of deepseek-ocr-2, and its kin.
OCR_ENDS: Final = ("<|im_end|>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<|endoftext|>")

_GUIDED: Final = ("guided_", "structured_outputs", "json_schema", "regex")
_UNUSED: Final = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"),
    *("reasoning_effort", "chat_template_kwargs"),
)


def ocr_jobs(
    request: ChatRequest,
    model: ServedModel,
    info: EngineInfo,
    image: ImageSource | None,
    user_stop: tuple[str, ...],
) -> list[Job]:
    """One job per choice, still without the image.

    Raises:
        InvalidRequestError: There is no image, or something is asked that takes a language model.
    """
    if image is None:
        raise InvalidRequestError(
            f"Invalid value: 'messages' holds no image. '{info.model}' reads the text of an image "
            f"and lacks the capability '{Capability.GENERATION}': send an 'image_url' part.",
            param="messages",
            code="unsupported_value",
        )
    wanted = _language_field(request)
    if wanted is not None:
        raise UnsupportedValueError(
            f"Unsupported value: '{wanted}' is not supported with this model: it reads the text "
            f"of an image and lacks the capability '{Capability.GENERATION}'.",
            param=wanted,
        )
    return jobs_for_choices(
        request,
        model.default_sampling,
        prompt="",
        stop=(*OCR_ENDS, *user_stop),
        max_tokens=token_limit(request.token_limit, model.default_sampling, info),
        top_logprobs=None,
    )


def unused_by_ocr(request: ChatRequest) -> tuple[str, ...]:
    """What the request says and OCR has no place for."""
    unused = [name for name in _UNUSED if getattr(request, name) is not None]
    if any(turn.content for turn in turns_from_messages(request.messages)):
        unused.append("messages.text")
    return tuple(unused)


def _language_field(request: ChatRequest) -> str | None:
    """The first field that asks for what only a language model can give."""
    for name in ("tools", "functions", "logprobs", "logit_bias"):
        if getattr(request, name):
            return name
    if not wants_document(request):
        return None
    guided = (name for name in type(request).model_fields if name.startswith(_GUIDED))
    return next((name for name in guided if getattr(request, name)), "response_format")

"""What this server, model or engine cannot do: refused before any engine is touched."""

from collections.abc import Mapping
from typing import Final

from picoserve.engine.engine import Capability, EngineInfo
from picoserve.errors import (
    ContextLengthError,
    InvalidRequestError,
    UnsupportedParameterError,
    UnsupportedValueError,
)
from picoserve.openai_api.sampling import SamplingFields

_ABILITIES: Final = {
    Capability.GENERATION: "generates text",
    Capability.EMBEDDINGS: "makes embeddings",
    Capability.VISION: "sees images",
    Capability.OCR: "reads the text of images",
}


def check_sampling(request: SamplingFields, info: EngineInfo) -> None:
    """Refuse sampling values that the engine would refuse or misread.

    Raises:
        UnsupportedParameterError: `logit_bias`.
        UnsupportedValueError: A penalty below zero on an engine that takes none, or a model that
            generates nothing.
    """
    check_capability(info, Capability.GENERATION)
    if request.logit_bias:
        raise UnsupportedParameterError(
            "Unsupported parameter: 'logit_bias' is not supported with this model.",
            param="logit_bias",
        )
    if info.negative_penalties:
        return
    for name in ("presence_penalty", "frequency_penalty"):
        value = getattr(request, name)
        if value is not None and value < 0:
            raise UnsupportedValueError(
                f"Unsupported value: '{name}' does not support {value} with this model. "
                "Only values of 0 and above are supported.",
                param=name,
            )


def check_capability(info: EngineInfo, capability: Capability) -> None:
    """Refuse what the model was not made for. Raises UnsupportedValueError."""
    if info.can(capability):
        return
    abilities = " and ".join(_ABILITIES[ability] for ability in info.capabilities)
    raise UnsupportedValueError(
        f"Unsupported value: 'model' lacks the capability '{capability}' "
        f"('{info.model}' {abilities} only).",
        param="model",
    )


def check_grammars(fields: Mapping[str, object]) -> None:
    """Refuse grammars that nothing here reads: free text in their place could not be told apart.

    Raises:
        UnsupportedParameterError: llama.cpp's `grammar` (GBNF) or SGLang's `ebnf`.
    """
    for name in ("grammar", "ebnf"):
        if fields.get(name) not in (None, ""):
            raise UnsupportedParameterError(
                f"Unsupported parameter: '{name}' is not supported with this model; "
                "'guided_grammar' takes a grammar in Lark's syntax.",
                param=name,
            )


def check_moderation(moderation: object) -> None:
    """Refuse to be asked for blocking: an answer would look as if it had been looked at.

    Raises:
        UnsupportedValueError: Input or output is to be blocked.
    """
    policy = _member(moderation, "policy")
    for side in ("input", "output"):
        if _member(_member(policy, side), "mode") == "block":
            param = f"moderation.policy.{side}.mode"
            raise UnsupportedValueError(
                f"Unsupported value: '{param}' does not support 'block' with this model: nothing "
                "here moderates.",
                param=param,
            )


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def check_stream_options(request: SamplingFields) -> None:
    """`stream_options` belongs to streams only. Raises InvalidRequestError."""
    if request.stream_options is not None and not request.stream:
        raise InvalidRequestError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )


def check_certain_overflow(prompt: str, info: EngineInfo, param: str) -> None:
    """Refuse a prompt that cannot fit whatever its tokens are, without counting them.

    A token of any of the vocabularies in use covers at most 128 bytes or so; the exact count
    is the engine's, when the job gets there.

    Raises:
        ContextLengthError: The prompt is longer than the context could ever be.
    """
    size = len(prompt.encode())
    if size > info.context_length * _MAX_TOKEN_BYTES:
        raise ContextLengthError(
            f"This model's maximum context length is {info.context_length} tokens. However, "
            f"your messages resulted in more than {size // _MAX_TOKEN_BYTES} tokens. "
            "Please reduce the length of the messages.",
            param=param,
        )


_MAX_TOKEN_BYTES = 128

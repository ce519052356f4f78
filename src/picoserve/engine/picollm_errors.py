"""picoLLM's errors as ours: one row per class of the SDK, at the start and at run time.

The class decides and not the messages: the error stack may hold entries of calls that did not
fail (after a successful device listing on a machine without a GPU it holds one), and some of
its entries are obfuscated. Where one class stands for several causes, texts that the native
library 2.1.0 is compiled with tell them apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from picoserve.engine.engine import EngineError, FailureKind

Moment = Literal["start", "run"]

_DRIVER: Final = (
    "the device cannot be used; a GPU newer than Turing needs NVIDIA driver R575 or later, and "
    "in a container --gpus all"
)
_CONSOLE: Final = "see the Picovoice Console; the engine is not started again by itself"


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """What one class of the SDK means.

    Attributes:
        at_start: When `create` raises it.
        at_run: When a job raises it.
        advice: What a person can do about it at the start, or "".
    """

    at_start: FailureKind
    at_run: FailureKind
    advice: str = ""


ERRORS: Final[Mapping[str, ErrorRow]] = {
    "PicoLLMMemoryError": ErrorRow(
        FailureKind.MEMORY,
        FailureKind.MEMORY,
        "out of memory; take a smaller model or fewer engines per device",
    ),
    "PicoLLMIOError": ErrorRow(
        FailureKind.MODEL_FILE,
        FailureKind.RUNTIME,
        "the model file cannot be read; it may be damaged or of another version",
    ),
    "PicoLLMInvalidArgumentError": ErrorRow(
        FailureKind.ACCESS_KEY,
        FailureKind.INVALID_REQUEST,
        "the AccessKey is not valid; copy it again from the Picovoice Console",
    ),
    "PicoLLMStopIterationError": ErrorRow(FailureKind.RUNTIME, FailureKind.RUNTIME),
    "PicoLLMKeyError": ErrorRow(FailureKind.RUNTIME, FailureKind.RUNTIME),
    "PicoLLMInvalidStateError": ErrorRow(FailureKind.RUNTIME, FailureKind.ENGINE_STATE),
    "PicoLLMRuntimeError": ErrorRow(FailureKind.RUNTIME, FailureKind.RUNTIME),
    "PicoLLMActivationError": ErrorRow(
        FailureKind.ACTIVATION,
        FailureKind.ACTIVATION,
        f"the AccessKey could not be activated; is *.picovoice.net reachable? {_CONSOLE}",
    ),
    "PicoLLMActivationLimitError": ErrorRow(
        FailureKind.ACTIVATION,
        FailureKind.ACTIVATION,
        f"the AccessKey's limit is reached; {_CONSOLE}",
    ),
    "PicoLLMActivationThrottledError": ErrorRow(
        FailureKind.ACTIVATION,
        FailureKind.ACTIVATION,
        f"the AccessKey is throttled, too much was asked of it; wait, and {_CONSOLE}",
    ),
    "PicoLLMActivationRefusedError": ErrorRow(
        FailureKind.ACTIVATION,
        FailureKind.ACTIVATION,
        f"the AccessKey was refused; {_CONSOLE}",
    ),
}
_UNKNOWN: Final = ErrorRow(FailureKind.RUNTIME, FailureKind.RUNTIME)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of the library that tells one cause from another."""

    text: str
    kind: FailureKind
    advice: str = ""


_TEXTS: Final[Mapping[tuple[str, Moment], Sequence[_Text]]] = {
    ("PicoLLMInvalidArgumentError", "start"): (
        _Text("is not a valid device string", FailureKind.DEVICE, "there is no such device"),
        _Text(
            "belongs to a different version",
            FailureKind.MODEL_FILE,
            "the model file is of another version; download it again or change picollm's version",
        ),
    ),
    ("PicoLLMInvalidArgumentError", "run"): (
        _Text("Prompt length is not smaller", FailureKind.CONTEXT_LENGTH),
        _Text("doesn't support", FailureKind.UNSUPPORTED),
    ),
    ("PicoLLMRuntimeError", "start"): (
        _Text("communicate with device", FailureKind.DEVICE, _DRIVER),
        _Text("GPU device", FailureKind.DEVICE, _DRIVER),
    ),
    ("PicoLLMRuntimeError", "run"): (
        _Text("doesn't support", FailureKind.UNSUPPORTED),
        _Text("has reached it's context length", FailureKind.CONTEXT_LENGTH),
        _Text("doesn't have context caching", FailureKind.UNSUPPORTED),
    ),
}


def engine_error(error: Any, moment: Moment, *, secret: str, device: str) -> EngineError:
    """An error of the SDK as ours, fit for a log and for a client.

    Args:
        error: A `picollm.PicoLLMError`.
        moment: Whether the engine was being started or did a job.
        secret: The AccessKey, which the library prints into some of its messages.
        device: The engine's device, for an error that names none.
    """
    name = type(error).__name__
    detail = " / ".join(str(line) for line in error.message_stack)
    kind, advice = _judge(name, detail, moment, device)
    text = redacted(detail, secret)
    what = "cannot start" if moment == "start" else "failed"
    return EngineError(
        kind,
        f"picoLLM {what}: {name}{f': {advice}' if advice else ''}{f' ({text})' if text else ''}",
    )


def redacted(text: str, secret: str) -> str:
    """The text without the AccessKey."""
    return text.replace(secret, "[AccessKey]") if secret else text


def speaks_of_caching(error: Any) -> bool:
    """Whether the library refuses because of context caching, which can be left off."""
    return any("context caching" in str(line) for line in error.message_stack)


def says_no_reason(error: Any) -> bool:
    """Whether an invalid argument may be any of them: the library's texts may be obfuscated."""
    detail = " ".join(str(line) for line in error.message_stack)
    known = [hint.text for hint in _TEXTS["PicoLLMInvalidArgumentError", "start"]]
    return not any(text in detail for text in ("AccessKey", *known))


def _judge(name: str, detail: str, moment: Moment, device: str) -> tuple[FailureKind, str]:
    for hint in _TEXTS.get((name, moment), ()):
        if hint.text in detail:
            return hint.kind, hint.advice
    row = ERRORS.get(name, _UNKNOWN)
    if moment == "start" and row.at_start is FailureKind.RUNTIME and device.startswith("gpu"):
        return FailureKind.DEVICE, _DRIVER
    if moment == "start":
        return row.at_start, row.advice
    return row.at_run, row.advice if row.at_run is FailureKind.ACTIVATION else ""

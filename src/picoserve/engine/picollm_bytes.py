"""picoLLM's generate with bytes instead of text.

The binding decodes each streamed piece strictly inside a ctypes callback: a piece that ends
inside a character raises there, is dropped, and generation goes on. Its final text is decoded
strictly too, so a reply cut inside a character makes `generate` itself raise. This module makes
the same native calls through the binding's own function objects and keeps the bytes
(picollm 2.1.4, `_picollm.py`: `generate`, `generate_with_image`, `generate_ocr`).
"""

from collections.abc import Callable, Sequence
from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_char_p,
    c_float,
    c_int32,
    c_uint8,
    c_void_p,
    cast,
)
from dataclasses import dataclass
from typing import Any, Final, Protocol

from picoserve.generation import Image, TokenChoice, TokenLogprob

_PIECE: Final = CFUNCTYPE(None, c_char_p, c_void_p)
_PROGRESS: Final = CFUNCTYPE(None, c_float, c_void_p)


# A job that is interrupted for a repair still generates a few tokens.
_LAST: Final = 12


@dataclass(frozen=True, slots=True)
class NativeArguments:
    """Arguments of `pv_picollm_generate` and its kin, in the library's own ranges.

    Attributes:
        limit: Most tokens to generate, -1 for no limit.
        seed: A positive 31-bit number, or -1 for a random one.
        image: What is read besides the prompt, or in its place.
    """

    prompt: bytes
    limit: int
    stop: Sequence[bytes]
    seed: int
    presence_penalty: float
    frequency_penalty: float
    temperature: float
    top_p: float
    top_choices: int
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class NativeCompletion:
    """What the native call returned; `endpoint` as in PicoLLMEndpoints.

    Attributes:
        prompt_tokens: Without those of an image; 0 for OCR, which counts nothing.
    """

    prompt_tokens: int
    completion_tokens: int
    endpoint: int
    text: bytes
    tokens: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedTokens:
    """What is wanted of the generated tokens. Each choice read costs microseconds.

    Attributes:
        choices: Alternatives at each place.
        last_choices: Alternatives at the last places, if these are more.
    """

    choices: int
    last_choices: int = 0

    def at(self, places_left: int) -> int:
        """Alternatives at the place after which so many are left, itself included."""
        return max(self.choices, self.last_choices) if places_left <= _LAST else self.choices


class Listener(Protocol):
    """What a native call reports to, from whatever thread the library uses."""

    def piece(self, data: bytes) -> None:
        """More bytes of the completion."""
        ...

    def progress(self, percent: float) -> None:
        """So much of a prompt with an image is evaluated, in (0, 100]."""
        ...


def generate_bytes(
    picollm: Any, arguments: NativeArguments, listener: Listener, wanted: WantedTokens | None
) -> NativeCompletion:
    """Run the native generate, or the one with an image where there is one.

    Args:
        picollm: A `picollm.PicoLLM`.
        arguments: For the library.
        listener: Hears of each piece.
        wanted: What of the generated tokens is wanted; None for nothing.

    Raises:
        picollm.PicoLLMError: The class that belongs to the status.
    """
    usage = picollm.CPicoLLMUsage()
    endpoint, count, text = c_int32(), c_int32(), c_char_p()
    c_tokens = POINTER(picollm.CPicoLLMCompletionToken)()
    stop = (c_char_p * len(arguments.stop))(*arguments.stop) if arguments.stop else None
    callbacks = _Callbacks(listener)
    image = arguments.image
    name = "generate" if image is None else "generate_with_image"
    status = getattr(picollm, f"_{name}_func")(
        picollm._handle,  # noqa: SLF001
        arguments.prompt,
        *(() if image is None else _native_image(image)),
        arguments.limit,
        stop,
        len(arguments.stop),
        arguments.seed,
        arguments.presence_penalty,
        arguments.frequency_penalty,
        arguments.temperature,
        arguments.top_p,
        arguments.top_choices,
        *callbacks.for_pieces,
        *(() if image is None else callbacks.for_progress),
        byref(usage),
        byref(endpoint),
        byref(c_tokens),
        byref(count),
        byref(text),
    )
    _check(picollm, status, name)
    try:
        completion = NativeCompletion(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            endpoint=endpoint.value,
            text=text.value or b"",
            tokens=() if wanted is None else _tokens(c_tokens, count.value, wanted),
        )
    finally:
        if count.value > 0:
            picollm._delete_completion_tokens_func(c_tokens, count)  # noqa: SLF001
        picollm._delete_completion_func(text)  # noqa: SLF001
    callbacks.check()
    return completion


def ocr_bytes(picollm: Any, image: Image, limit: int, listener: Listener) -> NativeCompletion:
    """Run the native OCR, which takes no prompt, counts no tokens and cannot be interrupted.

    Raises:
        picollm.PicoLLMError: The class that belongs to the status.
    """
    endpoint, text = c_int32(), c_char_p()
    callbacks = _Callbacks(listener)
    status = picollm._generate_ocr_func(  # noqa: SLF001
        picollm._handle,  # noqa: SLF001
        *_native_image(image),
        limit,
        *callbacks.for_pieces,
        *callbacks.for_progress,
        byref(endpoint),
        byref(text),
    )
    _check(picollm, status, "generate_ocr")
    try:
        completion = NativeCompletion(0, 0, endpoint.value, text.value or b"")
    finally:
        picollm._delete_completion_func(text)  # noqa: SLF001
    callbacks.check()
    return completion


class _Callbacks:
    """The C functions that a native call is given, each followed by its context.

    ctypes would print what they raise and drop it.
    """

    def __init__(self, listener: Listener) -> None:
        self._failures: list[BaseException] = []
        self.for_pieces = (_PIECE(self._guarded(listener.piece)), None)
        self.for_progress = (_PROGRESS(self._guarded(listener.progress)), None)

    def check(self) -> None:
        """Raise what was raised first."""
        if self._failures:
            raise self._failures[0]

    def _guarded(self, take: Callable[[Any], None]) -> Callable[[Any, object], None]:
        def callback(value: Any, _: object) -> None:
            try:
                take(value)
            except BaseException as error:  # noqa: BLE001  # see above
                self._failures.append(error)

        return callback


def _native_image(image: Image) -> tuple[int, int, Any]:
    # The library trusts the size; a shorter buffer would be read beyond its end.
    if len(image.rgb) != image.width * image.height * 3:
        raise ValueError("the image's bytes do not fit its size")
    return image.width, image.height, cast(c_char_p(image.rgb), POINTER(c_uint8))


def _check(picollm: Any, status: Any, name: str) -> None:
    if status is not picollm.PicovoiceStatuses.SUCCESS:
        raise picollm.PICOVOICE_STATUS_TO_EXCEPTION[status](
            message=f"`pv_picollm_{name}` failed.", message_stack=picollm.get_error_stack()
        )


def _tokens(c_tokens: Any, count: int, wanted: WantedTokens) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(
            c_tokens[i].token.token,
            c_tokens[i].token.log_prob,
            tuple(
                TokenChoice(c_tokens[i].top_choices[j].token, c_tokens[i].top_choices[j].log_prob)
                for j in range(min(c_tokens[i].num_top_choices, wanted.at(count - i)))
            ),
        )
        for i in range(count)
    )

"""picoLLM's generate with bytes instead of text.

The binding decodes each streamed piece strictly inside a ctypes callback: a piece that ends
inside a character raises there, is dropped, and generation goes on. Its final text is decoded
strictly too, so a reply cut inside a character makes `generate` itself raise. This module makes
the same native call through the binding's own function objects and keeps the bytes
(picollm 2.1.4, `_picollm.py`, `PicoLLM.generate`).
"""

from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int32, c_void_p
from dataclasses import dataclass
from typing import Any

from picoserve.generation import TokenChoice, TokenLogprob


@dataclass(frozen=True, slots=True)
class NativeArguments:
    """Arguments of `pv_picollm_generate`, in the library's own ranges.

    Attributes:
        limit: Most tokens to generate, -1 for no limit.
        seed: A positive 31-bit number, or -1 for a random one.
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


@dataclass(frozen=True, slots=True)
class NativeCompletion:
    """What `pv_picollm_generate` returned; `endpoint` as in PicoLLMEndpoints."""

    prompt_tokens: int
    completion_tokens: int
    endpoint: int
    text: bytes
    tokens: tuple[TokenLogprob, ...]


def generate_bytes(
    picollm: Any, arguments: NativeArguments, on_piece: Callable[[bytes], None], *, tokens: bool
) -> NativeCompletion:
    """Run the native generate.

    Args:
        picollm: A `picollm.PicoLLM`.
        on_piece: Called with each piece, from whatever thread the library uses.
        tokens: Whether the generated tokens are wanted.

    Raises:
        picollm.PicoLLMError: The class that belongs to the status.
    """
    usage = picollm.CPicoLLMUsage()
    endpoint, count, text = c_int32(), c_int32(), c_char_p()
    c_tokens = POINTER(picollm.CPicoLLMCompletionToken)()
    stop = (c_char_p * len(arguments.stop))(*arguments.stop) if arguments.stop else None
    failures: list[BaseException] = []

    def callback(piece: bytes, _: object) -> None:
        try:
            on_piece(piece)
        except BaseException as error:  # noqa: BLE001  # ctypes would print and drop it
            failures.append(error)

    status = picollm._generate_func(  # noqa: SLF001
        picollm._handle,  # noqa: SLF001
        arguments.prompt,
        arguments.limit,
        stop,
        len(arguments.stop),
        arguments.seed,
        arguments.presence_penalty,
        arguments.frequency_penalty,
        arguments.temperature,
        arguments.top_p,
        arguments.top_choices,
        CFUNCTYPE(None, c_char_p, c_void_p)(callback),
        None,
        byref(usage),
        byref(endpoint),
        byref(c_tokens),
        byref(count),
        byref(text),
    )
    if status is not picollm.PicovoiceStatuses.SUCCESS:
        raise picollm.PICOVOICE_STATUS_TO_EXCEPTION[status](
            message="`pv_picollm_generate` failed.", message_stack=picollm.get_error_stack()
        )
    try:
        completion = NativeCompletion(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            endpoint=endpoint.value,
            text=text.value or b"",
            tokens=_tokens(c_tokens, count.value) if tokens else (),
        )
    finally:
        if count.value > 0:
            picollm._delete_completion_tokens_func(c_tokens, count)  # noqa: SLF001
        picollm._delete_completion_func(text)  # noqa: SLF001
    if failures:
        raise failures[0]
    return completion


def _tokens(c_tokens: Any, count: int) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(
            c_tokens[i].token.token,
            c_tokens[i].token.log_prob,
            tuple(
                TokenChoice(c_tokens[i].top_choices[j].token, c_tokens[i].top_choices[j].log_prob)
                for j in range(c_tokens[i].num_top_choices)
            ),
        )
        for i in range(count)
    )

"""What all objects of one answer share, and the two ways to write an answer down."""

from dataclasses import dataclass
from typing import Protocol

from picoserve.generation import IndexedEvents


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """Identity of an answer and what was asked of it.

    Attributes:
        id: The same on every chunk.
        created: Unix time in seconds, the same on every chunk.
        prompts: How many prompts were sent; each has its share of the choices, in order.
        include_usage: Send usage at the end of a stream, null before.
        top_logprobs: Alternatives per token, or None for no log probabilities.
        timings: Tell where the time went, in the last part of the answer.
        legacy_functions: Calls are written as `function_call`, as before tools.
    """

    id: str
    created: int
    model: str
    choices: int = 1
    prompts: int = 1
    include_usage: bool = False
    top_logprobs: int | None = None
    timings: bool = False
    legacy_functions: bool = False


class StreamEncoder(Protocol):
    """Events → the bytes of an event stream."""

    def encode(self, events: IndexedEvents) -> bytes:
        """Chunks for these events, in order; may be empty."""
        ...

    def end(self) -> bytes:
        """Usage, if asked for, and the end mark."""
        ...


class Fold(Protocol):
    """Events → one JSON answer."""

    def add(self, events: IndexedEvents) -> None:
        """Take events."""
        ...

    def result(self) -> bytes:
        """The whole answer."""
        ...

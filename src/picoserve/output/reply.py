"""The contract of everything that reads a reply: what an engine says, piece by piece.

A reply may need several calls of the engine. Each continues the same text: the prompt and then
`prefix`. A reader is pure: it never calls anybody, it says what it wants by its state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from picoserve.generation import Event, FinishReason, Outcome, TokenLogprob


class ReplyState(Enum):
    """What a reader wants."""

    GOING = auto()
    """More pieces of the call that is under way."""
    ENOUGH = auto()
    """An end of this call; then the reader decides on another one, on prompt and `prefix`."""
    DONE = auto()
    """An end of this call; nothing more."""


@dataclass(slots=True)
class Tally:
    """What it took to keep a reply legal.

    Attributes:
        repairs: Wrong turns put right.
        forced_bytes: Bytes put in because nothing else was legal.
        closes: Documents ended without the engine.
        misses: Documents that break their schema, where that had not been ruled out.
    """

    repairs: int = 0
    forced_bytes: int = 0
    closes: int = 0
    misses: int = 0


class Reply(Protocol):
    """Reads one reply."""

    @property
    def tally(self) -> Tally:
        """What it took so far."""
        ...

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        ...

    @property
    def prefix(self) -> str:
        """The reply's text so far, as the next call's prompt must continue with it."""
        ...

    @property
    def finish_reason(self) -> FinishReason:
        """Why the reply ended."""
        ...

    def start(self) -> list[Event]:
        """Begin; some replies have a beginning that needs no engine."""
        ...

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece. Ignored unless the state is GOING."""
        ...

    def end_call(self, outcome: Outcome) -> list[Event]:
        """The call has ended. GOING afterwards means that another one is wanted."""
        ...

    def close(self) -> list[Event]:
        """End the reply without the engine: its context is full."""
        ...

    def cut(self) -> None:
        """End the reply as it stands: it has as many tokens as the caller wants."""
        ...

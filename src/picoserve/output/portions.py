"""What an engine writes, divided by whom it is for."""

from dataclasses import dataclass
from enum import Enum, auto


class Voice(Enum):
    """Whom some bytes of an engine are for."""

    THOUGHT = auto()
    """For a client that wants to see how the model came to its reply."""
    SAID = auto()
    """For the reader of the reply."""
    MARKUP = auto()
    """For nobody: tags, and the blanks around them."""
    ADDED = auto()
    """Not the engine's: what the server says between two texts."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Bytes in one voice.

    Every byte that an engine writes in a call belongs to exactly one portion, in order: tokens are
    led to their voice by counting.
    """

    voice: Voice
    data: bytes

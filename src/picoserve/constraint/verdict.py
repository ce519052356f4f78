"""What a step of a document brings: bytes to show, and how the document stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


class State(Enum):
    """How a document stands."""

    GOING = auto()
    """More bytes are needed."""
    COMPLETE = auto()
    """The document has ended. Ask the engine to stop; what it still sends is not read."""
    VIOLATION = auto()
    """The model left the grammar or ended too early: interrupt it and call `repair`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one step brought.

    Attributes:
        emitted: Bytes to show; whole characters.
        state: How the document stands.
        sources: For each of the bytes where it came from (see `trace`), in a traced document.
    """

    emitted: bytes
    state: State
    sources: Sequence[int] = ()

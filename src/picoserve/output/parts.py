"""The parts of a reply that may hold tool calls."""

from enum import Enum, auto


class Part(Enum):
    """What the next byte belongs to."""

    TEXT = auto()
    """Free text, or what comes before a document that was asked for."""
    CALLS = auto()
    """Calls, from the first one's name on, and what stands between them."""
    CONTENT = auto()
    """The document that was asked for."""
    DONE = auto()
    """Nothing more is wanted."""

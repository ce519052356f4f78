"""The parts of a reply that may hold tool calls."""

from enum import Enum, auto


class Part(Enum):
    """What the next byte belongs to."""

    TEXT = auto()
    """Free text, or what comes before a document that was asked for."""
    HEADER = auto()
    """A call's name and the key of its arguments."""
    ARGUMENTS = auto()
    """A call's arguments."""
    AFTER = auto()
    """What stands between calls."""
    CONTENT = auto()
    """The document that was asked for."""
    DONE = auto()
    """Nothing more is wanted."""

    @property
    def ends_with_brace(self) -> bool:
        """Its last byte is a closing brace, if it is a JSON object."""
        return self in (Part.ARGUMENTS, Part.CONTENT)

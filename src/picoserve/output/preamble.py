"""What a model says before the document that was asked for; it is dropped."""

from typing import Final

from picoserve.constraint import Grammar

_LONGEST: Final = 2048


class Preamble:
    """Looks for the beginning of a document.

    Attributes:
        is_too_long: The model has talked enough: its call is ended, the document begun for it.
    """

    def __init__(self, content: Grammar | None) -> None:
        self.is_too_long = False
        self._openers = b"" if content is None else openers(content)
        self._dropped = 0

    def start_in(self, data: bytes) -> int | None:
        """Where in these bytes the document begins; None if it does not."""
        for at in range(len(data)):
            if data[at] in self._openers:
                return at
        self._dropped += len(data)
        self.is_too_long = self._dropped > _LONGEST
        return None


def openers(content: Grammar) -> bytes:
    """The bytes with which the document could begin; for JSON brackets, where they are legal."""
    legal = content.new_matcher().legal()
    brackets = bytes(byte for byte in legal if byte in b"{[")
    return brackets or legal if content.is_json else legal

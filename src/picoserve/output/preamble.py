"""What a model says before the document that was asked for; it is dropped."""

import re
from typing import Final

from picoserve.constraint import Grammar
from picoserve.output.engine_pieces import EnginePiece

_LONGEST: Final = 2048
_CERTAIN: Final = 16
_BRACKETS: Final = b"{["
_IN_WORD: Final = re.compile(rb"\w\w", re.ASCII)


class Preamble:
    """Looks for the beginning of a document.

    An object or a list begins at its first bracket. Any other document, as a choice, may stand
    anywhere in a sentence: it begins at a word's border, and is certain when it has ended at
    one, or when enough bytes of it fit.

    Attributes:
        is_too_long: The model has talked enough: its call is ended, the document begun for it.
    """

    def __init__(self, content: Grammar | None) -> None:
        self.is_too_long = False
        self._fresh = None if content is None else content.new_matcher()
        self._openers = b"" if content is None else openers(content)
        self._dropped = 0
        self._before = b""
        self._held = EnginePiece(b"")

    def feed(self, piece: EnginePiece) -> EnginePiece | None:
        """Take bytes; returns the document's beginning as soon as it is certain."""
        data = self._held.data + piece.data
        start = piece.start - len(self._held.data)
        for at in range(len(data)):
            if self._may_begin(data, at):
                is_certain = self._is_certain(data[at:])
                if is_certain:
                    return EnginePiece(data[at:], start + at)
                if is_certain is None:
                    self._keep(data, at, start)
                    return None
        self._keep(data, len(data), start)
        return None

    def end(self) -> EnginePiece | None:
        """No more comes; returns what could be the document's beginning."""
        self.is_too_long = False
        return self._held if self._held.data else None

    def _may_begin(self, data: bytes, at: int) -> bool:
        around = data[at - 1 : at + 1] if at else self._before + data[:1]
        return data[at] in self._openers and not _IN_WORD.match(around)

    def _is_certain(self, data: bytes) -> bool | None:
        """Whether a document begins so; None where the next byte has to tell."""
        if self._fresh is None or (self._fresh.is_json and data[0] in _BRACKETS):
            return True
        matcher = self._fresh.copy()
        taken = matcher.feed(data[:_CERTAIN])
        if taken == len(data) < _CERTAIN:
            return None
        is_whole = matcher.is_accepting and not _IN_WORD.match(data, taken - 1)
        return is_whole or taken == _CERTAIN

    def _keep(self, data: bytes, at: int, start: int) -> None:
        """Drop what stands before a possible beginning."""
        self._before = data[at - 1 : at] if at else self._before
        self._held = EnginePiece(data[at:], start + at)
        self._dropped += at
        self.is_too_long = self._dropped > _LONGEST


def openers(content: Grammar) -> bytes:
    """The bytes with which the document could begin; for JSON brackets, where they are legal."""
    legal = content.new_matcher().legal()
    brackets = bytes(byte for byte in legal if byte in _BRACKETS)
    return brackets or legal if content.is_json else legal

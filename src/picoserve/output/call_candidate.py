"""Bytes that could begin a tool call, held until it is clear whether they do."""

import re
from collections.abc import Iterable
from typing import Final

from picoserve.constraint import Grammar, Matcher

# With these a call may begin; everything else is text at once.
_STARTS: Final = b"<[{`"
_MARKUP: Final = re.compile(rb"[<\[{`]\W*\w|\w\W*[\[{]")


class CallCandidate:
    """Separates text from what may become a call.

    Attributes:
        is_call: The trigger is complete: a call's name follows.
    """

    def __init__(
        self, trigger: Grammar, *, words: Iterable[str] = (), first_words: Iterable[str] = ()
    ) -> None:
        """Begin.

        Args:
            trigger: What begins a call.
            words: With which it may begin, besides brackets, tags and fences.
            first_words: The same, but only before any text.
        """
        self._starts = _STARTS + _first_bytes(words)
        self._first_starts = _first_bytes(first_words)
        self._fresh = trigger.new_matcher()
        self._matcher: Matcher | None = None
        self._held = bytearray()
        self.is_call = False

    @property
    def is_telling(self) -> bool:
        """What is held is no single bracket or word, as texts have them, but markup."""
        return bool(_MARKUP.search(self._held))

    @property
    def is_open(self) -> bool:
        """Whether bytes are held."""
        return self._matcher is not None

    def first_start(self, data: bytes, start: int) -> int:
        """Where the next byte that could begin a call stands; the data's end if none does."""
        starts = self._starts + self._first_starts
        found = [at for byte in starts if (at := data.find(byte, start)) >= 0]
        return min(found, default=len(data))

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns those that are no part of a call.

        Stops reading when the trigger is complete: call it byte by byte while something is held.
        """
        text = bytearray()
        for index in range(len(data)):
            text += self._take(data[index : index + 1])
        return bytes(text)

    def take(self) -> bytes:
        """What is held; nothing is held afterwards."""
        held = bytes(self._held)
        self._held.clear()
        self._matcher = None
        self.is_call = False
        return held

    def _take(self, byte: bytes) -> bytes:
        if self._matcher is None:
            if byte not in self._starts + self._first_starts:
                if byte.strip():
                    self._first_starts = b""
                return byte
            self._matcher = self._fresh.copy()
        if self._matcher.feed(byte) == 1:
            self._held += byte
            self.is_call = self._matcher.is_complete
            return b""
        # Not a call. The byte that broke it may begin another one.
        held = self.take()
        self._first_starts = b""
        return held + self._take(byte) if held else byte


def _first_bytes(words: Iterable[str]) -> bytes:
    return bytes({word.encode()[0] for word in words})

"""Bytes that could begin a tool call, held until it is clear whether they do."""

from typing import Final

from picoserve.constraint import Grammar, Matcher

# What the trigger's grammar may begin with; everything else is text at once.
_STARTS: Final = b"<[{`"


class CallCandidate:
    """Separates text from what may become a call.

    Attributes:
        is_call: The trigger is complete: a call's name follows.
    """

    def __init__(self, trigger: Grammar) -> None:
        self._fresh = trigger.new_matcher()
        self._matcher: Matcher | None = None
        self._held = bytearray()
        self.is_call = False

    @property
    def is_open(self) -> bool:
        """Whether bytes are held."""
        return self._matcher is not None

    def first_start(self, data: bytes, start: int) -> int:
        """Where the next byte that could begin a call stands; the data's end if none does."""
        found = [at for byte in _STARTS if (at := data.find(byte, start)) >= 0]
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
            if byte not in _STARTS:
                return byte
            self._matcher = self._fresh.copy()
        if self._matcher.feed(byte) == 1:
            self._held += byte
            self.is_call = self._matcher.is_complete
            return b""
        # Not a call. The byte that broke it may begin another one.
        held = self.take()
        return held + self._take(byte) if held else byte

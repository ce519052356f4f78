"""Reading a model's bytes into a matcher, with small mistakes put right on the way.

The same text gives the same result however it is cut into pieces: decisions rest on the bytes
alone, and where the next byte is needed to decide, the reader waits for it.
"""

import re
from enum import Enum, auto
from typing import Final

from picoserve.constraint import lexical, rewrites
from picoserve.constraint.desk import WAIT, Desk

_WORD: Final = re.compile(rb"[A-Za-z0-9_$.+-]{1,64}")


class Outcome(Enum):
    """Where reading came to rest."""

    READY = auto()
    """All bytes are read, or wait for the next ones."""
    COMPLETE = auto()
    """The document has ended; what follows is not read."""
    VIOLATION = auto()
    """The next byte is illegal and nothing puts it right."""
    FLOOD = auto()
    """The string, number or nesting at the end would go on for ever."""


class Reader:
    """Feeds raw bytes to a matcher.

    Attributes:
        waiting: Bytes read whose meaning the next byte decides.
        position: Of the first byte not dealt with, among all that was read.
    """

    def __init__(self, desk: Desk, *, preamble_bytes: int) -> None:
        self.waiting = b""
        self.position = 0
        self._desk = desk
        self._preamble = preamble_bytes
        self._skipped = 0

    def restart(self) -> None:
        """Forget what was under way: the next bytes come from a new call of the model."""
        self.waiting = b""
        self._skipped = 0
        self._desk.restart()

    def read(self, data: bytes, *, final: bool, position: int | None = None) -> tuple[Outcome, int]:
        """Read bytes until all are read or reading comes to rest.

        Args:
            data: The new bytes.
            final: The model has ended; nothing more will come to decide what waits.
            position: Of the data's first byte, where it does not follow what was read before.

        Returns:
            The outcome, and how many bytes of what waited plus `data` were read.
        """
        if position is not None:
            self.position = position - len(self.waiting)
        data = self.waiting + data
        self.waiting = b""
        at = 0
        outcome = self._rest()
        while outcome is Outcome.READY and at < len(data):
            step = self._traced_step(data[at:], final=final)
            if step is None:
                return self._broken(data[at]), at
            if step == WAIT:
                self.waiting = data[at:]
                break
            at += step
            self.position += step
            outcome = self._rest()
        return outcome, at

    def _traced_step(self, rest: bytes, *, final: bool) -> int | None:
        trace = self._desk.matcher.trace
        if trace is None:
            return self._step(rest, final=final)
        trace.begin(self.position)
        step = self._step(rest, final=final)
        trace.end(self.position + (step or 1))
        return step

    def _broken(self, byte: int) -> Outcome:
        matcher = self._desk.matcher
        if matcher.is_accepting and len(matcher.text):
            return Outcome.COMPLETE
        return Outcome.FLOOD if byte in matcher.forbidden() else Outcome.VIOLATION

    def _rest(self) -> Outcome:
        matcher = self._desk.matcher
        if matcher.is_complete:
            return Outcome.COMPLETE
        size = len(matcher.text)
        if size // lexical.PERIOD_STRIDE <= self._desk.checked_at // lexical.PERIOD_STRIDE:
            return Outcome.READY
        self._desk.checked_at = size
        if not matcher.is_in_rut():
            return Outcome.READY
        if not matcher.is_json:
            return Outcome.COMPLETE if matcher.is_accepting else Outcome.READY
        return Outcome.FLOOD if b'"' in matcher.legal() else Outcome.READY

    def _step(self, rest: bytes, *, final: bool) -> int | None:
        desk = self._desk
        if desk.skipping is not None:
            skipped = desk.skip(rest)
            if skipped != 0 or desk.skipping is not None:
                return skipped
        if desk.matcher.is_json and not desk.matcher.text:
            lead = self._lead(rest, final=final)
            if lead:
                return self._spend(lead)
        return self._plain(rest) or rewrites.rewrite(desk, rest, final=final)

    def _plain(self, rest: bytes) -> int:
        """Feed as far as nothing needs care: one call into llguidance for most pieces."""
        desk = self._desk
        size = len(desk.matcher.text)
        end = min(len(rest), lexical.PERIOD_STRIDE - size % lexical.PERIOD_STRIDE)
        if desk.matcher.is_json:
            found = desk.careful.search(rest, 0, end)
            end = found.start() if found else end
        taken = desk.matcher.feed(rest[:end]) if end else 0
        if rest[:taken].strip():
            desk.surplus = 0
        return taken

    def _lead(self, rest: bytes, *, final: bool) -> int:
        """Count the bytes before the document: blanks, prose, a code fence."""
        blanks = len(rest) - len(rest.lstrip())
        if blanks:
            return blanks
        legal = self._desk.matcher.legal()
        openers = bytes(byte for byte in legal if byte in b"[{") or legal
        if rest[0] in (openers if self._skipped else legal):
            return 0
        if b"{" not in legal and b"[" not in legal and rest[:1].isalnum():
            return self._lead_word(rest, final=final)
        return 1

    def _lead_word(self, rest: bytes, *, final: bool) -> int:
        """A word before a plain value may be the value itself, as Python's `True`."""
        word = _WORD.match(rest)
        if word is None or (word.end() == len(rest) and not final and len(rest) < 64):
            return 0
        return 0 if rewrites.offers(self._desk, word[0]) else word.end()

    def _spend(self, count: int) -> int | None:
        self._skipped += count
        return count if self._skipped <= self._preamble else None

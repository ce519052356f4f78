"""What the reader and its rewrites share: the matcher and the few things they remember."""

import re
from dataclasses import dataclass, field
from typing import Final

from picoserve.constraint.matcher import Matcher

WAIT: Final = 0
"""A step that cannot be decided before the next byte is known."""

_LONGEST_SKIP: Final = 1024
_CAREFUL: Final = re.compile(rb"\\")
_CAREFUL_SINGLE: Final = re.compile(rb"[\\'\"]")


@dataclass(slots=True)
class Desk:
    """The matcher, and what is under way around it.

    Attributes:
        matcher: The document so far.
        surplus_limit: Most bytes in a row that may be dropped.
        surplus: Bytes dropped since the last one that counted.
        single_quoted: The open string was opened by `'`.
        quote_dropped: A quote before a number or literal was dropped; so is the one after it.
        skipping: Bytes of this kind are dropped until one is not: a comment, a fraction.
        skip_end: What ends a skip by itself, and is dropped with it.
        checked_at: The size of text at which the last check for a rut was made.
    """

    matcher: Matcher
    surplus_limit: int
    surplus: int = 0
    single_quoted: bool = False
    quote_dropped: bool = False
    skipping: re.Pattern[bytes] | None = None
    skip_end: bytes = b""
    skipped: int = field(default=0)
    checked_at: int = 0

    def restart(self) -> None:
        """Forget what was under way."""
        self.surplus = 0
        self.single_quoted = False
        self.quote_dropped = False
        self.skipping = None
        self.skip_end = b""

    @property
    def careful(self) -> re.Pattern[bytes]:
        """The bytes that need a closer look even where they are legal."""
        return _CAREFUL_SINGLE if self.single_quoted else _CAREFUL

    def drop(self, count: int) -> int | None:
        """Drop bytes; None once too many were dropped in a row."""
        self.surplus += count
        return count if self.surplus <= self.surplus_limit else None

    def put(self, *candidates: bytes) -> bool:
        """Feed the first candidate that is legal as a whole."""
        done = any(map(self.matcher.put, candidates))
        if done:
            self.surplus = 0
        return done

    def start_skip(self, pattern: re.Pattern[bytes], end: bytes = b"") -> None:
        """Drop the bytes that come next as long as they match."""
        self.skipping = pattern
        self.skip_end = end
        self.skipped = 0

    def skip(self, rest: bytes) -> int | None:
        """Drop what is being skipped; None when it has grown too long.

        Returns:
            The number of bytes dropped. Zero means: ended here, if `skipping` is None, else wait.
        """
        if self.skip_end:
            count = self._skip_to_end(rest)
        else:
            found = self.skipping.match(rest) if self.skipping else None
            count = found.end() if found else 0
            if count < len(rest):
                self.skipping = None
        self.skipped += count
        return count if self.skipped <= _LONGEST_SKIP else None

    def _skip_to_end(self, rest: bytes) -> int:
        at = rest.find(self.skip_end)
        if at < 0:
            return max(0, len(rest) - len(self.skip_end) + 1)
        self.skipping = None
        count = at + len(self.skip_end)
        self.skip_end = b""
        return count

"""An allowance that comes back evenly: the token bucket.

Of our own, since what a request costs is known only at its end: libraries for rate limits give
nothing back and let nothing be owed.
"""

import time
from typing import Final

_MINUTE: Final = 60.0
# Less than this is rounding, not a shortage.
_NOTHING: Final = 1e-6


class Bucket:
    """So many in a minute: full at first, and refilled evenly.

    Attributes:
        size: How many in a minute, and at once.
    """

    def __init__(self, size: int, used: float = 0.0) -> None:
        """A bucket from which so many are gone."""
        self.size = size
        self._level = size - used
        self._at = time.monotonic()

    @property
    def level(self) -> float:
        """What is in it; below zero while something is owed."""
        now = time.monotonic()
        self._level = min(self.size, self._level + (now - self._at) * self.size / _MINUTE)
        self._at = now
        return self._level

    @property
    def is_full(self) -> bool:
        """Whether nothing is missing."""
        return self.size - self.level < _NOTHING

    def take(self, amount: float) -> None:
        """Take out, below zero if need be; a negative amount is put back."""
        self._level = min(self.size, self.level - amount)

    def seconds_until(self, amount: float) -> float:
        """How long until so many are in it; 0 when they are."""
        missing = amount - self.level
        return missing * _MINUTE / self.size if missing > _NOTHING else 0.0

"""Whoever wants to be told what happens in the pool."""

from typing import Protocol


class PoolObserver(Protocol):
    """Told as things happen; must not block."""

    def interrupted(self, engine: str, seconds: float) -> None:
        """A job that was interrupted has given its place back after so many seconds."""
        ...


class NobodyWatches:
    """The observer of a pool that nobody observes."""

    def interrupted(self, engine: str, seconds: float) -> None:
        """Say nothing."""

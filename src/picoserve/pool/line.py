"""Jobs waiting for an engine of one model: bounded, first come first served within a class."""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from picoserve.errors import OverloadedError
from picoserve.pool.affinity import Origin

if TYPE_CHECKING:
    from picoserve.pool.lease import Lease

# A job gains one class for each span it has waited, so that low never starves.
AGEING_SECONDS: Final = 10.0


class Priority(IntEnum):
    """Classes of the line; a lower number goes first."""

    HIGH = 0
    STANDARD = 1
    LOW = 2


@dataclass(slots=True, eq=False)
class Waiter:
    """One job in the line.

    Attributes:
        prompt: The rendered prompt, for finding the engine that holds its prefix.
        front: Comes before everybody: its first engine died under it.
        origin: Where the job comes from, as far as the client says.
    """

    prompt: str
    priority: Priority
    since: float
    front: bool
    lease: "asyncio.Future[Lease]" = field(repr=False)
    origin: Origin = field(default_factory=Origin)

    def give_back(self) -> None:
        """Return a lease that came at the moment its waiter left."""
        if self.lease.done() and not self.lease.cancelled() and not self.lease.exception():
            self.lease.result().release()

    def rank(self, now: float) -> tuple[bool, float, float]:
        """Sorts the line: smallest first."""
        return (not self.front, self.priority - (now - self.since) / AGEING_SECONDS, self.since)


class Line:
    """The waiting jobs of one model."""

    def __init__(self, max_jobs: int) -> None:
        self._max_jobs = max_jobs
        self._waiters: list[Waiter] = []

    def __len__(self) -> int:
        return len(self._waiters)

    def join(self, waiter: Waiter, *, retry_after: float) -> None:
        """Take a place in the line.

        A newcomer of a higher class takes the place of the youngest of the lowest class.

        Raises:
            OverloadedError: The line is full.
        """
        if len(self._waiters) >= self._max_jobs and not waiter.front:
            self._make_room(waiter.priority, retry_after)
        self._waiters.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Give the place up, if it is still held."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def ordered(self, now: float) -> list[Waiter]:
        """Everybody, next first."""
        return sorted(self._waiters, key=lambda waiter: waiter.rank(now))

    def fail_all(self, error: Exception) -> None:
        """Nobody in the line can be served."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.lease.done():
                waiter.lease.set_exception(error)

    def _make_room(self, newcomer: Priority, retry_after: float) -> None:
        error = OverloadedError(
            f"All engines are busy and {len(self._waiters)} requests are waiting. "
            "Please try again later.",
            retry_after=retry_after,
        )
        lowest = max((w.priority for w in self._waiters), default=newcomer)
        if lowest <= newcomer:
            raise error
        youngest = max(
            (w for w in self._waiters if w.priority == lowest), key=lambda waiter: waiter.since
        )
        self._waiters.remove(youngest)
        youngest.lease.set_exception(error)

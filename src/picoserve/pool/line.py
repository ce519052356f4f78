"""Jobs waiting for an engine of one model: bounded, first come first served within a class."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from picoserve.errors import OverloadedError
from picoserve.pool.affinity import ContextFit, Origin
from picoserve.pool.prompt_size import estimated_tokens

if TYPE_CHECKING:
    from picoserve.pool.lease import Lease

# A job gains one class for each span it has waited, so that low never starves.
AGEING_SECONDS: Final = 10.0


class Priority(IntEnum):
    """Classes of the line; a lower number goes first."""

    HIGH = 0
    STANDARD = 1
    LOW = 2


@dataclass(frozen=True, slots=True)
class LineLimits:
    """What a line holds.

    Attributes:
        max_jobs: Most jobs.
        max_tokens: Most tokens of their prompts together, 0 for any number; a single job may
            have more.
        max_seconds: Longest time that a job waits.
    """

    max_jobs: int = 256
    max_tokens: int = 0
    max_seconds: float = 120.0


@dataclass(slots=True, eq=False)
class Waiter:
    """One job in the line.

    Attributes:
        tokens: About as many as its prompt has.
        prompt: The rendered prompt, for finding the engine that holds its prefix.
        front: Comes before everybody: its first engine died under it.
        origin: Where the job comes from, as far as the client says.
        fit: The engines that its saved context concerns.
    """

    prompt: str
    priority: Priority
    since: float
    front: bool
    lease: "asyncio.Future[Lease]" = field(repr=False)
    origin: Origin = field(default_factory=Origin)
    fit: ContextFit | None = None
    tokens: int = field(init=False)

    def __post_init__(self) -> None:
        """Estimate the prompt's tokens."""
        self.tokens = estimated_tokens(self.prompt)

    def give_back(self) -> None:
        """Return a lease that came at the moment its waiter left."""
        if self.lease.done() and not self.lease.cancelled() and not self.lease.exception():
            self.lease.result().release()

    def rank(self, now: float) -> tuple[bool, float, float]:
        """Sorts the line: smallest first."""
        return (not self.front, self.priority - (now - self.since) / AGEING_SECONDS, self.since)


class Line:
    """The waiting jobs of one model.

    Attributes:
        limits: What it holds at most.
    """

    def __init__(self, limits: LineLimits) -> None:
        self.limits = limits
        self._waiters: list[Waiter] = []

    def __len__(self) -> int:
        return len(self._waiters)

    @property
    def tokens(self) -> int:
        """About as many as the waiting prompts have together."""
        return sum(waiter.tokens for waiter in self._waiters)

    def could_hold(self, prompts: Sequence[str]) -> bool:
        """Whether jobs with these prompts would find room in it when it is empty."""
        tokens = sum(map(estimated_tokens, prompts))
        return len(prompts) <= self.limits.max_jobs and (
            len(prompts) < 2 or not self.limits.max_tokens or tokens <= self.limits.max_tokens
        )

    def join(self, waiter: Waiter, *, retry_after: float) -> None:
        """Take a place in the line.

        A newcomer of a higher class takes the places of the youngest of the lowest classes.

        Raises:
            OverloadedError: The line is full.
        """
        if not waiter.front:
            self._make_room(waiter, retry_after)
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

    def _make_room(self, newcomer: Waiter, retry_after: float) -> None:
        """Send away whom the newcomer may send away, if that is enough for it to fit."""
        jobs, tokens = len(self._waiters), self.tokens
        below = [w for w in self._waiters if w.priority > newcomer.priority and not w.front]
        below.sort(key=lambda waiter: (waiter.priority, waiter.since))
        sent_away = []
        while exceeded := self._exceeded(newcomer, jobs, tokens):
            error = _full(exceeded, jobs=len(self._waiters), retry_after=retry_after)
            if not below:
                raise error
            sent_away.append((below.pop(), error))
            jobs, tokens = jobs - 1, tokens - sent_away[-1][0].tokens
        for waiter, error in sent_away:
            self._waiters.remove(waiter)
            if not waiter.lease.done():
                waiter.lease.set_exception(error)

    def _exceeded(self, newcomer: Waiter, jobs: int, tokens: int) -> str:
        """The limit that keeps a newcomer out of a line with so many others, "" for none."""
        if jobs >= self.limits.max_jobs:
            return "max_waiting"
        if jobs and 0 < self.limits.max_tokens < tokens + newcomer.tokens:
            return "max_waiting_tokens"
        return ""


def _full(limit: str, *, jobs: int, retry_after: float) -> OverloadedError:
    what = "requests are" if limit == "max_waiting" else "requests with long prompts are"
    return OverloadedError(
        f"All engines are busy and {jobs} {what} waiting. Please try again later.",
        limit=limit,
        retry_after=retry_after,
    )

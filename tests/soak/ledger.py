"""What every client saw of its request, and how that adds up."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a request ended, as its client saw it."""

    WHOLE = "whole"  # the answer, to its end, and the right one
    LEFT = "left"  # the client hung up
    REFUSED = "refused"  # 503 with Retry-After
    FAILED = "failed"  # an error object, as the answer or inside the stream
    UNREACHED = "unreached"  # nobody listened
    UNANSWERED = "unanswered"  # the connection closed before the first byte of an answer
    BROKEN = "broken"  # anything else, which must not be


class Role(StrEnum):
    """Whose request it was."""

    CALLER = "caller"  # one of the steady load
    VICTIM = "victim"  # the one that the fault is aimed at


@dataclass(frozen=True, slots=True)
class Seen:
    """What one client saw.

    Attributes:
        words: The same for a person: "200", "in-band engine_error".
    """

    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that is over. Times in seconds of `time.monotonic`."""

    role: Role
    seen: Seen
    began: float
    ended: float


class Ledger:
    """Every request of a run, those under way and those that are over."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._open: dict[int, float] = {}
        self._numbers = 0

    def next_number(self) -> int:
        """A number that no other request of the run has."""
        self._numbers += 1
        return self._numbers

    async def note(self, role: Role, request: Callable[[], Awaitable[Seen]]) -> Seen:
        """Make a request and write down what became of it."""
        number, began = self.next_number(), time.monotonic()
        self._open[number] = began
        try:
            seen = await request()
            self._entries.append(Entry(role, seen, began, time.monotonic()))
            return seen
        finally:
            del self._open[number]

    def page(self) -> int:
        """A mark in the book, for `since`."""
        return len(self._entries)

    def since(self, page: int) -> Sequence[Entry]:
        """What has ended since the mark."""
        return self._entries[page:]

    def is_settled(self, moment: float) -> bool:
        """Whether every request that began before this moment is over."""
        return all(began > moment for began in self._open.values())


def count_words(entries: Sequence[Entry], role: Role) -> Counter[str]:
    """What clients of this role saw, with counts."""
    return Counter(entry.seen.words for entry in entries if entry.role is role)


def count_verdicts(entries: Sequence[Entry]) -> Counter[Verdict]:
    """How the requests ended."""
    return Counter(entry.seen.verdict for entry in entries)

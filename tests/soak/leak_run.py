"""What server and workers held during a leak run, sample by sample."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.soak.growth import Series
from tests.soak.ledger import Entry, Role, Verdict
from tests.soak.resources import Resources

# What passes for wavering.
_COUNT_MOST: Final = 0.5
_MEMORY_MOST_KIB: Final = 2048.0


@dataclass(slots=True)
class LeakRun:
    """Everything that a run brought to light.

    Attributes:
        restarts: Workers started again.
        saw: What clients saw, with counts.
        violations: What no client may see and one did, in words.
        at: Requests made before each sample.
        tasks: Tasks of the server's event loop.
        workers: By process id; only those that lived all the time.
    """

    requests: int = 0
    restarts: int = 0
    saw: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    tasks: list[float] = field(default_factory=list)
    server: list[Resources] = field(default_factory=list)
    workers: dict[int, list[Resources]] = field(default_factory=dict)

    def add(self, entries: Sequence[Entry]) -> None:
        """Requests that are over."""
        self.requests += len(entries)
        self.saw.update(entry.seen.words for entry in entries)
        for entry in entries:
            lost = entry.seen.verdict is Verdict.FAILED and entry.role is Role.CALLER
            if lost or entry.seen.verdict not in _FINE:
                self.violations.append(f"{entry.role}: {entry.seen.words}")

    def sample(self, server: Resources, tasks: float, workers: dict[int, Resources]) -> None:
        """What is held now, while nothing runs."""
        self.at.append(self.requests)
        self.server.append(server)
        self.tasks.append(tasks)
        for pid, held in workers.items():
            self.workers.setdefault(pid, []).append(held)

    def series(self) -> Iterator[Series]:
        """All figures that must be flat."""
        yield Series("server: tasks", self.at, self.tasks, _COUNT_MOST)
        yield from self._process("server", self.server)
        for number, samples in enumerate(self.workers.values(), start=1):
            yield from self._process(f"worker {number}", samples)

    def problems(self) -> list[str]:
        """The violations, and what has grown."""
        grown = [f"{row.name} grew by {row.growth:g}" for row in self.series() if not row.is_flat]
        return self.violations + grown

    def _process(self, name: str, samples: Sequence[Resources]) -> Iterator[Series]:
        figures: tuple[tuple[str, Callable[[Resources], float], float], ...] = (
            ("files", lambda held: held.files, _COUNT_MOST),
            ("threads", lambda held: held.threads, _COUNT_MOST),
            ("memory in KiB", lambda held: held.memory_kib, _MEMORY_MOST_KIB),
        )
        for what, value, most in figures:
            yield Series(f"{name}: {what}", self.at, [value(held) for held in samples], most)


_FINE: Final = frozenset({Verdict.WHOLE, Verdict.LEFT, Verdict.FAILED})

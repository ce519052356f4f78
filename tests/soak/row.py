"""What one kind of fault did, in figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.soak.ledger import Entry, Role, Verdict, count_verdicts, count_words

_LOST: Final = (Verdict.FAILED, Verdict.UNANSWERED, Verdict.BROKEN)


@dataclass(slots=True)
class Row:
    """One kind of fault, all its rounds added up.

    Attributes:
        saw: What the requests saw that the fault was aimed at.
        recoveries: Seconds from each blow until everything was as before.
        violations: What must not happen and did, in words.
    """

    name: str
    rounds: int = 0
    requests: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    saw: Counter[str] = field(default_factory=Counter)
    bystanders: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Requests that ended in an error, or in nothing at all."""
        return sum(self.verdicts[verdict] for verdict in _LOST)

    def add(self, entries: Sequence[Entry], recovery: float) -> None:
        """One round more."""
        self.rounds += 1
        self.requests += len(entries)
        self.verdicts += count_verdicts(entries)
        self.saw += count_words(entries, Role.VICTIM)
        self.bystanders += count_words(entries, Role.CALLER)
        self.recoveries.append(recovery)

    def recovery_text(self) -> str:
        """Median and worst recovery."""
        if not self.recoveries:
            return "-"
        return f"{median(self.recoveries):.2f} / {max(self.recoveries):.2f}"

    def saw_text(self) -> str:
        """What the victims saw, most frequent first."""
        return (
            ", ".join(f"{words} x{count}" for words, count in self.saw.most_common()) or "nothing"
        )

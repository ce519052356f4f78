"""Results as Markdown tables: the goals, then each workload."""

from collections.abc import Iterable, Iterator
from typing import Final

from benchmarks.goals import Verdict, verdicts
from benchmarks.results import Comparison

_SIGNS: Final = {"at least": "≥", "at most": "≤", "below": "<"}


def goals_table(comparisons: dict[str, Comparison]) -> str:
    """How the goals stand: ratio of medians, and the range of the rounds' own ratios."""
    return "\n".join(
        [
            "| goal | wanted | measured | rounds | met |",
            "| --- | --- | --- | --- | --- |",
            *(_goal_row(verdict) for verdict in verdicts(comparisons)),
        ]
    )


def workload_tables(comparisons: dict[str, Comparison]) -> Iterator[str]:
    """A table per workload: medians, and the range of the rounds for the first figure."""
    for name, comparison in comparisons.items():
        yield f"**{name}**: {comparison.title}\n\n{_table(comparison)}"


def _goal_row(verdict: Verdict) -> str:
    goal = verdict.goal
    return (
        f"| {goal.name} | {_SIGNS[goal.kind]} {goal.bound:g} | {verdict.value:.2f} "
        f"| {verdict.least:.2f} to {verdict.most:.2f} | {'yes' if verdict.is_met else 'no'} |"
    )


def _table(comparison: Comparison) -> str:
    figures = list(dict.fromkeys(f for turns in comparison.turns.values() for f in turns[0]))
    rows = [_row("contestant", figures), _row("---", ["---"] * len(figures))]
    for contestant in comparison.turns:
        cells = [_cell(comparison, contestant, figure) for figure in figures]
        rows.append(_row(contestant, cells))
    return "\n".join(rows)


def _row(first: str, others: Iterable[str]) -> str:
    return f"| {' | '.join((first, *others))} |"


def _cell(comparison: Comparison, contestant: str, figure: str) -> str:
    values = [turn[figure] for turn in comparison.turns[contestant] if figure in turn]
    if not values:
        return ""
    middle = comparison.median(contestant, figure)
    return f"{_short(middle)} [{_short(min(values))}..{_short(max(values))}]"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

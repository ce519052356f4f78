"""The figures as tables for a person and as JSON for a machine."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from tests.soak.leak_run import LeakRun
from tests.soak.ledger import Verdict
from tests.soak.row import Row


def fault_table(rows: Sequence[Row]) -> Table:
    """One line per kind of fault, and their sum."""
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column("fault", f"{len(rows)} kinds", ratio=3)
    table.add_column("times", str(sum(row.rounds for row in rows)), justify="right")
    table.add_column("what the clients it was aimed at saw", ratio=4)
    table.add_column("recovery in s, median / worst", justify="right")
    table.add_column("requests", str(sum(row.requests for row in rows)), justify="right")
    table.add_column("lost", str(sum(row.lost for row in rows)), justify="right")
    table.add_column("refused", str(_refused(rows)), justify="right")
    table.add_column("violations", str(sum(len(row.violations) for row in rows)), justify="right")
    for row in rows:
        table.add_row(
            row.name,
            str(row.rounds),
            row.saw_text(),
            row.recovery_text(),
            str(row.requests),
            str(row.lost),
            str(row.verdicts[Verdict.REFUSED]),
            str(len(row.violations)),
        )
    return table


def leak_table(run: LeakRun) -> Table:
    """One line per figure that has to be flat."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("figure", "after the warm-up", "at the end", "trend in between", "may be"):
        table.add_column(title, justify="left" if title == "figure" else "right")
    for row in run.series():
        figures = (row.settled, row.last, row.growth, row.most)
        table.add_row(row.name, *(f"{figure:.10g}" for figure in figures))
    return table


def show_problems(console: Console, problems: Sequence[str]) -> None:
    """What must not be, if there is any."""
    for problem in problems:
        console.print(f"  {problem}", markup=False)


def write_json(path: Path, rows: Sequence[Row], run: LeakRun | None) -> None:
    """Everything that was measured."""
    faults = [
        {
            "fault": row.name,
            "times": row.rounds,
            "victims_saw": row.saw,
            "bystanders_saw": row.bystanders,
            "recovery_seconds": row.recoveries,
            "requests": row.requests,
            "lost": row.lost,
            "violations": row.violations,
        }
        for row in rows
    ]
    leaks = run and {
        "requests": run.requests,
        "restarts": run.restarts,
        "saw": run.saw,
        "at": run.at,
        "figures": {row.name: row.values for row in run.series()},
        "trends": {row.name: row.growth for row in run.series()},
        "problems": run.problems(),
    }
    path.write_text(json.dumps({"faults": faults, "leaks": leaks}, indent=2) + "\n")


def _refused(rows: Sequence[Row]) -> int:
    return sum(row.verdicts[Verdict.REFUSED] for row in rows)

"""`python -m tests.soak`: the whole proof, or a part of it.

Ends with status 1 when something must not be and was.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from rich.console import Console
from tests.soak.catalogue import play_all
from tests.soak.leak_run import LeakRun
from tests.soak.leaks import run_leaks
from tests.soak.report import fault_table, leak_table, show_problems, write_json
from tests.soak.row import Row
from tests.standin.build import build_library


def main() -> int:
    """Run what the arguments say. Returns the exit status."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 150)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        return asyncio.run(_soak(arguments, Path(name), console))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times each fault is dealt")
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--requests", type=int, default=20_000, help="of the leak run; 0 for none")
    parser.add_argument("--batches", type=int, default=40, help="samples of the leak run")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    return parser.parse_args()


async def _soak(arguments: argparse.Namespace, folder: Path, console: Console) -> int:
    library = build_library(folder / "library")
    rows = await _faults(library, folder, arguments, console)
    run = await _leaks(library, folder, arguments, console) if arguments.requests else None
    if arguments.json:
        write_json(arguments.json, rows, run)
    problems = [f"{row.name}: {words}" for row in rows for words in row.violations]
    problems += run.problems() if run else []
    show_problems(console, problems)
    return 1 if problems else 0


async def _faults(
    library: Path, folder: Path, arguments: argparse.Namespace, console: Console
) -> Sequence[Row]:
    if not arguments.rounds:
        return []
    rows = []
    played: AsyncGenerator[Row, None] = play_all(
        library, folder, arguments.rounds, only=arguments.only
    )
    async for row in played:
        console.print(f"{row.name}: {row.saw_text()}; lost {row.lost}", markup=False)
        rows.append(row)
    console.print(fault_table(rows))
    return rows


async def _leaks(
    library: Path, folder: Path, arguments: argparse.Namespace, console: Console
) -> LeakRun:
    def tell(run: LeakRun) -> None:
        held = run.server[-1]
        console.print(
            f"{run.requests} requests, {run.restarts} restarts: {held.files} files, "
            f"{held.threads} threads, {run.tasks[-1]:g} tasks, {held.memory_kib} KiB"
        )

    own = folder / "leaks"
    own.mkdir()
    run = await run_leaks(library, own, arguments.requests, arguments.batches, tell)
    console.print(leak_table(run))
    console.print(", ".join(f"{words} x{count}" for words, count in run.saw.most_common()))
    return run


if __name__ == "__main__":
    sys.exit(main())

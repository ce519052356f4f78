"""Faults that end the server: what its clients are told, and that no process outlives it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.soak.fault import Strike
from tests.soak.ledger import Entry, Verdict
from tests.soak.row import Row
from tests.soak.stage import open_stage
from tests.standin.model_script import Reply
from tests.support.processes import all_gone

# Requests that are over before the end begins.
_WARM: Final = 10


@dataclass(frozen=True, slots=True)
class Ending:
    """One way in which a server ends.

    Attributes:
        strike: Ends it.
        status: The exit status that follows; negative for a signal.
        most_lost: Requests that may end in an error.
        may_cut: Whether answers may break off: nobody is left to end them.
    """

    name: str
    strike: Strike
    status: int
    most_lost: int = 0
    may_cut: bool = False
    replies: Sequence[Reply] = ()
    drain_seconds: float = 20.0
    pool: dict[str, float | bool] = field(default_factory=dict)
    log: Path | None = None


async def play_ending(library: Path, folder: Path, ending: Ending, rounds: int) -> Row:
    """End a server under load so many times, each time a new one."""
    row = Row(ending.name)
    for _ in range(rounds):
        with TemporaryDirectory(dir=folder) as own:
            await _round(library, Path(own), ending, row)
    return row


async def _round(library: Path, folder: Path, ending: Ending, row: Row) -> None:
    async with (
        open_stage(
            library,
            folder,
            ending.replies,
            drain_seconds=ending.drain_seconds,
            log=ending.log,
            pool=ending.pool,
        ) as stage,
        stage.traffic,
    ):
        await stage.until(lambda: stage.ledger.page() >= _WARM)
        workers = stage.workers()
        page, began = stage.ledger.page(), time.monotonic()
        try:
            await ending.strike(stage)
            await stage.until(lambda: stage.server.process.poll() is not None)
            await stage.until(lambda: all_gone(workers))
        except TimeoutError:
            row.violations.append(f"not gone: {stage.server.process.pid}, {workers}")
            stage.server.process.kill()
        recovery = time.monotonic() - began
        stage.traffic.resume()
        await stage.traffic.settle()
        entries = [
            entry for entry in stage.ledger.since(page) if not _came_too_late(entry, began, ending)
        ]
        status = stage.server.process.returncode
    row.add(entries, recovery)
    row.violations += _violations(ending, entries)
    if status != ending.status:
        row.violations.append(f"exit status {status}, not {ending.status}")
    if ending.log is None and "Traceback" in stage.server.log.read_text():
        row.violations.append("a traceback in the log")


def _came_too_late(entry: Entry, began: float, ending: Ending) -> bool:
    """Whether the request met nobody, or a connection that was just being closed."""
    if entry.seen.verdict is Verdict.UNANSWERED:
        return entry.began > began and not ending.may_cut
    return entry.seen.verdict is Verdict.UNREACHED


def _violations(ending: Ending, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        cut = entry.seen.verdict in {Verdict.BROKEN, Verdict.UNANSWERED}
        if cut and not ending.may_cut:
            yield f"{entry.role}: {entry.seen.words}"
    lost = [entry for entry in entries if entry.seen.verdict is Verdict.FAILED]
    if len(lost) > ending.most_lost:
        yield f"lost {len(lost)}, at most {ending.most_lost} may be: " + ", ".join(
            f"{entry.role} {entry.seen.words}" for entry in lost
        )

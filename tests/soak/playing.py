"""Deals faults to a stage, one after another, and holds it to the promise."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from tests.soak.fault import Fault
from tests.soak.ledger import Entry, Verdict
from tests.soak.row import Row
from tests.soak.stage import ENGINES, Stage

_NEVER: Final = (Verdict.BROKEN, Verdict.UNANSWERED, Verdict.UNREACHED)


async def play(stage: Stage, fault: Fault, rounds: int) -> Row:
    """Deal a fault so many times, and wait for everything to be as before after each."""
    row = Row(fault.name)
    for _ in range(rounds):
        await _round(stage, fault, row)
    return row


async def _round(stage: Stage, fault: Fault, row: Row) -> None:
    stage.rearm()
    await stage.traffic.settle()
    page, restarts = stage.ledger.page(), await stage.restarts()

    async def is_as_before() -> bool:
        return (
            await stage.restarts() >= restarts + fault.restarts
            and await stage.states() == ["ready"] * ENGINES
            and await stage.is_served()
        )

    began = time.monotonic()
    try:
        await fault.strike(stage)
        await stage.until(is_as_before)
    except TimeoutError:
        row.violations.append(f"not as before: {await stage.health()}")
        stage.traffic.resume()
    recovery = time.monotonic() - began
    await stage.traffic.settle()
    entries = stage.ledger.since(page)
    row.add(entries, recovery)
    row.violations += _violations(fault, entries)
    extra = await stage.restarts() - restarts - fault.restarts
    if extra:
        row.violations.append(f"{extra} restarts too many")


def _violations(fault: Fault, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.seen.verdict in _NEVER:
            yield f"{entry.role}: {entry.seen.words}"
        if entry.seen.verdict is Verdict.REFUSED and not fault.may_refuse:
            yield f"{entry.role}: {entry.seen.words}"
    lost = [entry for entry in entries if entry.seen.verdict is Verdict.FAILED]
    if len(lost) > fault.most_lost:
        yield f"lost {len(lost)}, at most {fault.most_lost} may be: " + ", ".join(
            f"{entry.role} {entry.seen.words}" for entry in lost
        )

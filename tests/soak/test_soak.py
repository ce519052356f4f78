"""The soak in short: faults that nothing else tests under load, once each, and a small leak run.

`make soak` has all of it at full length.
"""

from pathlib import Path
from typing import Final

import pytest
from tests.soak.catalogue import FAULTS, play_together
from tests.soak.leaks import run_leaks

BRIEF: Final = (
    "SIGSEGV before the first piece, at every try",
    "SIGABRT under a JSON answer",
    "exit status 0 in a stream",
    "deaf to its interrupt",
    "300 KB of garbage on stdout and stderr",
    "native OUT_OF_MEMORY in a stream",
    "native ACTIVATION_LIMIT_REACHED, then a person's restart",
    "SIGKILL of idle workers, two at once",
    "SIGKILL while the prompt is read",
    "SIGKILL of all workers at once",
    "60 clients hang up",
    "128 requests at once",
    "100 half-open requests",
)

# None of these faults is one that time brings to light; so a busy machine is none either.
PATIENT: Final = {
    "load_seconds": 60.0,
    "silence_seconds": 30.0,
    "first_piece_seconds": 60.0,
    "next_piece_seconds": 60.0,
    "interrupt_seconds": 5.0,
}

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@pytest.mark.timeout(300)
async def test_one_fault_costs_at_most_one_request(standin_library: Path, tmp_path: Path) -> None:
    faults = [fault for fault in FAULTS if fault.name in BRIEF]
    assert len(faults) == len(BRIEF)

    rows = [row async for row in play_together(standin_library, tmp_path, faults, 1, PATIENT)]

    assert {row.name: row.violations for row in rows if row.violations} == {}
    assert all(row.saw or row.bystanders for row in rows)


@pytest.mark.timeout(300)
async def test_nothing_grows_with_the_number_of_requests(
    standin_library: Path, tmp_path: Path
) -> None:
    # The first half fills what is kept of tool calls' grammars: some megabytes.
    run = await run_leaks(standin_library, tmp_path, requests=1200, batches=8)

    assert run.violations == []
    counts = [row for row in run.series() if "threads" not in row.name]
    assert [row.name for row in counts if not row.is_flat] == []
    assert run.requests == 1200

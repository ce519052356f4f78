"""All kinds of faults, and playing them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.soak import client_faults, engine_faults, process_faults
from tests.soak.ending import play_ending
from tests.soak.endings import ENDINGS
from tests.soak.fault import Fault
from tests.soak.playing import play
from tests.soak.row import Row
from tests.soak.stage import open_stage

FAULTS: Final[tuple[Fault, ...]] = (
    *engine_faults.FAULTS,
    *process_faults.FAULTS,
    *client_faults.FAULTS,
)


async def play_together(
    library: Path,
    folder: Path,
    faults: Sequence[Fault],
    rounds: int,
    pool: Mapping[str, float | bool] | None = None,
) -> AsyncGenerator[Row, None]:
    """Deal faults to one server, one after another."""
    replies = [fault.reply for fault in FAULTS if fault.reply is not None]
    with TemporaryDirectory(dir=folder) as own:
        async with open_stage(library, Path(own), replies, pool=pool) as stage, stage.traffic:
            for fault in faults:
                yield await play(stage, fault, rounds)


async def play_all(
    library: Path, folder: Path, rounds: int, *, only: str = ""
) -> AsyncGenerator[Row, None]:
    """Deal every fault, first to one server that survives them, then to those that end.

    Args:
        folder: Where servers write.
        only: What a fault's name must have in it.
    """
    faults = [fault for fault in FAULTS if only in fault.name]
    for pool, group in groupby(faults, key=lambda fault: fault.pool):
        async for row in play_together(library, folder, list(group), rounds, pool):
            yield row
    for ending in ENDINGS:
        if only in ending.name:
            yield await play_ending(library, folder, ending, rounds)

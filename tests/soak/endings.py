"""The ways in which a server ends."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

from tests.soak.asks import plain
from tests.soak.client_faults import read_slowly
from tests.soak.ending import Ending
from tests.soak.stage import CALLERS, ENGINES, Stage
from tests.standin.model_script import Reply

_LONG: Final = "ending: long"
_ENDLESS: Final = "ending: endless"
_FULL: Final = Path("/dev/full")
_SOON: Final = Reply(match_last=_LONG, count=60, tokens_per_second=50.0)
_NEVER: Final = Reply(match_last=_ENDLESS, count=100_000, tokens_per_second=50.0)
_MUCH: Final = Reply(match_last=_LONG, count=40_000, tokens_per_second=1_000_000.0)


async def _terminate(stage: Stage) -> None:
    """SIGTERM while a stream has more than a second to go."""
    async with stage.held(_LONG, "first"):
        stage.server.process.send_signal(signal.SIGTERM)


async def _terminate_slow_reader(stage: Stage) -> None:
    """SIGTERM while a client still reads what its engine said long ago."""
    await stage.traffic.pause()
    reading = asyncio.create_task(read_slowly(stage, _LONG))
    await stage.until(lambda: stage.server.busy() == 1)
    await stage.until(lambda: stage.server.busy() == 0)
    stage.server.process.send_signal(signal.SIGTERM)
    await reading
    stage.traffic.resume()


async def _terminate_endless(stage: Stage) -> None:
    """SIGTERM while a stream would never end."""
    async with stage.held(_ENDLESS, "first"):
        stage.server.process.send_signal(signal.SIGTERM)


async def _terminate_twice(stage: Stage) -> None:
    async with stage.held(_ENDLESS, "first"):
        stage.server.process.send_signal(signal.SIGTERM)
        await stage.until(lambda: stage.server.health()["status"] == "draining")
        stage.server.process.send_signal(signal.SIGTERM)


async def _kill(stage: Stage) -> None:
    stage.server.process.kill()


async def _kill_with_a_frozen_worker(stage: Stage) -> None:
    async with stage.held(_ENDLESS, "first") as held:
        held.signal(signal.SIGSTOP)
        stage.server.process.kill()


async def _break_for_good(stage: Stage) -> None:
    """Every worker dies and none can be started again, while callers wait in line."""
    with stage.next_worker(init_crash=True):
        for pid in stage.workers():
            os.kill(pid, signal.SIGKILL)
        await stage.ask(plain("ending: too late"))
        await stage.until(lambda: stage.server.process.poll() is not None)


ENDINGS: Final = (
    Ending("SIGTERM under load", _terminate, 0, replies=[_SOON]),
    Ending("SIGTERM, all the while no room for the log", _terminate, 0, replies=[_SOON], log=_FULL),
    Ending(
        "SIGTERM with a slow reader",
        _terminate_slow_reader, 0, replies=[_MUCH], drain_seconds=120.0,
    ),
    Ending(
        "SIGTERM, and the drain time is over",
        _terminate_endless, 0, most_lost=1, replies=[_NEVER], drain_seconds=1.0,
    ),
    Ending("SIGTERM twice", _terminate_twice, 0, most_lost=ENGINES + CALLERS, replies=[_NEVER]),
    Ending("SIGKILL of the server", _kill, -signal.SIGKILL, may_cut=True),
    Ending(
        "SIGKILL of the server, a worker frozen",
        _kill_with_a_frozen_worker, -signal.SIGKILL, may_cut=True, replies=[_NEVER],
    ),
    Ending(
        "no engine can be restored",
        _break_for_good, 3, most_lost=ENGINES + CALLERS + 1,
        pool={"max_failures": 3, "failure_window_seconds": 60.0},
    ),
)  # fmt: skip

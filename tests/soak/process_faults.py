"""Signals to worker processes."""

import asyncio
import os
import signal
from typing import Final

from tests.soak.asks import spoken
from tests.soak.fault import Fault, Strike
from tests.soak.stage import ENGINES, Stage
from tests.standin.model_script import Reply

_STREAM: Final = "signal: streaming"
_PROMPT: Final = "signal: in its prompt"


def _signalled(mark: str, event: str, number: int) -> Strike:
    """Hit the worker of a request once the journal tells this event of it."""

    async def strike(stage: Stage) -> None:
        async with stage.held(mark, event) as held:
            held.signal(number)

    return strike


async def _kill_idle(stage: Stage) -> None:
    """End every other worker while nobody asks, and ask at once."""
    await stage.traffic.pause()
    for pid in stage.workers()[::2]:
        os.kill(pid, signal.SIGKILL)
    numbers = [stage.ledger.next_number() for _ in range(ENGINES)]
    await asyncio.gather(*(stage.ask(spoken(number)) for number in numbers))
    stage.traffic.resume()


async def _freeze_idle(stage: Stage) -> None:
    """Stop an idle worker; whoever comes next may be sent there."""
    await stage.traffic.pause()
    os.kill(stage.workers()[0], signal.SIGSTOP)
    numbers = [stage.ledger.next_number() for _ in range(ENGINES)]
    await asyncio.gather(*(stage.ask(spoken(number)) for number in numbers))
    stage.traffic.resume()


async def _kill_all(stage: Stage) -> None:
    for pid in stage.workers():
        os.kill(pid, signal.SIGKILL)


FAULTS: Final = (
    Fault("SIGKILL of idle workers, two at once", _kill_idle, most_lost=0, restarts=2),
    Fault(
        "SIGKILL in a stream",
        _signalled(_STREAM, "first", signal.SIGKILL),
        Reply(match_last=_STREAM, count=100_000, tokens_per_second=50.0),
        restarts=1,
    ),
    Fault(
        "SIGKILL while the prompt is read",
        _signalled(_PROMPT, "generate", signal.SIGKILL),
        Reply(match_last=_PROMPT, times=1, text="Never said.", delay_seconds=30.0),
        most_lost=0,
        restarts=1,
    ),
    Fault(
        "SIGSTOP in a stream",
        _signalled(_STREAM, "first", signal.SIGSTOP),
        restarts=1,
    ),
    Fault("SIGSTOP of an idle worker", _freeze_idle, most_lost=0, restarts=1),
    Fault("SIGKILL of all workers at once", _kill_all, most_lost=ENGINES, restarts=ENGINES),
)

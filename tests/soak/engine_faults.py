"""Faults inside native code, played by the stand-in library when a prompt names them."""

import asyncio
from typing import Any, Final

from tests.soak.asks import plain
from tests.soak.client import make
from tests.soak.fault import Fault, Strike
from tests.soak.ledger import Role, Seen, Verdict
from tests.soak.stage import Stage
from tests.standin.model_script import Reply, Status

# Longer than any limit that ends it.
_ENDLESS: Final = 100_000
_DEAF: Final = "fault: deaf"
_GARBAGE: Final = b"\x1b[31m \xff\xfe\x01 noise without an end of line " * 3000


def _asked(mark: str, *, stream: bool = True) -> Strike:
    async def strike(stage: Stage) -> None:
        await stage.ask(plain(mark, stream=stream))

    return strike


def _played(
    name: str,
    mark: str,
    fault: dict[str, Any],
    *,
    stream: bool = True,
    most_lost: int = 1,
    restarts: int = 0,
) -> Fault:
    """A fault in the reply to its mark."""
    reply = Reply(match_last=mark, **({"count": _ENDLESS, "tokens_per_second": 50.0} | fault))
    return Fault(name, _asked(mark, stream=stream), reply, most_lost=most_lost, restarts=restarts)


async def _leaves_the_deaf(stage: Stage) -> None:
    """A client hangs up as soon as the engine, which will not hear of it, speaks."""
    journal = stage.journal()

    async def leave() -> Seen:
        asking = asyncio.create_task(make(stage.client, plain(_DEAF)))
        await stage.until(lambda: journal.worker_at(_DEAF, "first") is not None)
        asking.cancel()
        await asyncio.wait([asking])
        return Seen(Verdict.LEFT, "left")

    await stage.ledger.note(Role.VICTIM, leave)


async def _activation_ends(stage: Stage) -> None:
    """The AccessKey is refused while a job runs; the engine waits for a person."""
    await stage.ask(plain("fault: activation"))
    await stage.until(lambda: _has_failed(stage))
    for engine in (await stage.health())["engines"]:
        if engine["state"] == "failed":
            await stage.restart_engine(engine["name"])


async def _has_failed(stage: Stage) -> bool:
    return "failed" in await stage.states()


async def _hangs_in_create(stage: Stage) -> None:
    """The next start of an engine never ends by itself."""
    journal = stage.journal()
    with stage.next_worker(init_hang=True):
        await _restart_first(stage)
        await stage.until(lambda: journal.tells("init"))


async def _crashes_in_create(stage: Stage) -> None:
    """An engine dies at every start, until it rests and a person starts it again."""
    with stage.next_worker(init_crash=True):
        await _restart_first(stage)

        async def rests() -> bool:
            return "resting" in await stage.states()

        await stage.until(rests)
    await stage.restart_engine(await _first_engine(stage))


async def _grows(stage: Stage) -> None:
    """An engine takes 300 MiB more with every job, until it is stopped."""
    before = await stage.restarts()
    with stage.next_worker(grow_mib=300):
        await _restart_first(stage)

        async def is_replaced() -> bool:
            return await stage.restarts() > before and set(await stage.states()) == {"ready"}

        await stage.until(is_replaced)

    async def has_outgrown() -> bool:
        return await stage.restarts() > before + 1

    await stage.until(has_outgrown)


async def _restart_first(stage: Stage) -> None:
    """End the first engine between two jobs, so that this itself costs nothing."""
    await stage.traffic.pause()
    await stage.restart_engine(await _first_engine(stage))
    stage.traffic.resume()


async def _first_engine(stage: Stage) -> str:
    return str((await stage.health())["engines"][0]["name"])


FAULTS: Final = (
    _played(
        "SIGSEGV before the first piece", "fault: segv first", {"crash_after": 0, "times": 1},
        most_lost=0, restarts=1,
    ),
    _played(
        "SIGSEGV before the first piece, at every try", "fault: poison", {"crash_after": 0},
        restarts=2,
    ),
    _played("SIGSEGV in a stream", "fault: segv later", {"crash_after": 5}, restarts=1),
    _played(
        "SIGABRT under a JSON answer", "fault: abort", {"abort_after": 5}, stream=False, restarts=1
    ),
    _played("exit status 0 in a stream", "fault: exit", {"exit_after": (5, 0)}, restarts=1),
    _played(
        "hang before the first piece", "fault: hang first", {"hang_after": 0, "times": 1},
        most_lost=0, restarts=1,
    ),
    _played("hang in a stream", "fault: hang later", {"hang_after": 5}, restarts=1),
    Fault(
        "deaf to its interrupt",
        _leaves_the_deaf,
        Reply(match_last=_DEAF, count=_ENDLESS, tokens_per_second=50.0, deaf=True),
        most_lost=0,
        restarts=1,
    ),
    Fault("memory grows", _grows, restarts=2),
    _played(
        "300 KB of garbage on stdout and stderr", "fault: noise",
        {"stdout_noise": _GARBAGE, "stderr_noise": _GARBAGE, "count": 5}, most_lost=0,
    ),
    _played(
        "native RUNTIME_ERROR", "fault: runtime", {"status_after": (0, Status.RUNTIME_ERROR)}
    ),
    _played(
        "native OUT_OF_MEMORY in a stream", "fault: memory",
        {"status_after": (5, Status.OUT_OF_MEMORY)},
    ),
    _played(
        "native INVALID_STATE", "fault: state", {"status_after": (0, Status.INVALID_STATE)},
        restarts=1,
    ),
    Fault(
        "native ACTIVATION_LIMIT_REACHED, then a person's restart",
        _activation_ends,
        Reply(match_last="fault: activation", status_after=(0, Status.ACTIVATION_LIMIT_REACHED)),
        restarts=1,
    ),
    Fault("hang in create", _hangs_in_create, most_lost=0, restarts=2),
    Fault(
        "crash in create, three times, then a person's restart", _crashes_in_create,
        most_lost=0, restarts=3, pool={"max_failures": 3, "failure_window_seconds": 60.0},
    ),
)  # fmt: skip

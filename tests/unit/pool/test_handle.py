"""The grip on a real worker; what becomes of its jobs is tested under a server."""

import fcntl
import os
import signal
import sys
import termios
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest
from tests.standin.model_script import ModelScript, Reply
from tests.support.server import POLL_SECONDS, wait_until
from typing_extensions import override

from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.generation import Job
from picoserve.pool.handle import WorkerHandle
from picoserve.pool.keeper import KeeperLimits
from picoserve.pool.model_pool import ModelPlan, Placement
from picoserve.pool.pool import Pool
from picoserve.pool.process import ChildProcess, WorkerPipe
from picoserve.pool.stream import JobStream, WorkerLostError
from picoserve.pool.watch import WatchLimits
from picoserve.worker.messages import Done

END_SECONDS = 0.1


@pytest.fixture
def spec(standin_library: Path, tmp_path: Path) -> EngineSpec:
    endless = Reply(match="go", count=100_000, tokens_per_second=100)
    path = ModelScript(replies=[endless, Reply(text="Fine.")]).write(tmp_path / "m.pllm")
    return EngineSpec(
        EngineKind.PICOLLM,
        "pico",
        str(path),
        "cpu:1",
        access_key="a-key==",
        library_path=str(standin_library),
    )


@pytest.fixture
async def handle(spec: EngineSpec) -> AsyncGenerator[WorkerHandle, None]:
    handle = WorkerHandle(
        spec, on_free=lambda: None, interrupt_seconds=1.0, end_seconds=END_SECONDS
    )
    await handle.start(30.0)
    yield handle
    await handle.close()


class StuckProcess(ChildProcess):
    """No signal ends it, as long as its driver does not answer."""

    @override
    def kill(self) -> None:
        assert self._process.returncode is None


class Interrupts:
    """Hears whose jobs were interrupted, and notes how many they were after each job."""

    def __init__(self) -> None:
        self.engines: list[str] = []
        self.after: list[int] = []

    def interrupted(self, engine: str, seconds: float) -> None:
        assert seconds >= 0
        self.engines.append(engine)


@contextmanager
def stuck(handle: WorkerHandle) -> Generator[ChildProcess, None, None]:
    """The handle's worker does nothing any more, and cannot be killed while this lasts."""
    child = cast("ChildProcess", handle._child)
    child.__class__ = StuckProcess
    os.kill(child.pid, signal.SIGSTOP)
    try:
        yield child
    finally:
        child.__class__ = ChildProcess
        child.kill()


def unread_bytes(handle: WorkerHandle) -> int:
    """What the worker has said and nobody has read."""
    pipe = cast("WorkerPipe", handle._pipe)
    return int.from_bytes(fcntl.ioctl(pipe._unread, termios.FIONREAD, bytes(4)), sys.byteorder)


async def ready_handle(pool: Pool) -> WorkerHandle:
    """The grip on the one engine, once that is ready."""
    while not pool.is_ready:
        await anyio.sleep(POLL_SECONDS)
    [keeper] = pool.models["pico"].keepers
    return cast("WorkerHandle", keeper.handle)


async def reports_until_lost(stream: JobStream) -> int:
    """How many reports come before the loss."""
    count = 0
    with anyio.fail_after(20), pytest.raises(WorkerLostError):
        while True:
            count += len(await stream.read())
    return count


@pytest.mark.parametrize(
    "job", [Job("Hello!", max_tokens=2**64), Job("\ud800")], ids=["number", "text"]
)
async def test_job_that_cannot_be_sent_is_not_taken_for_a_running_one(
    handle: WorkerHandle, job: Job
) -> None:
    with pytest.raises((OverflowError, UnicodeEncodeError)):
        handle.submit(job)

    assert handle.running() == []
    stream = handle.submit(Job("Hello!"))
    reports = []
    while not stream.ended:
        reports += await stream.read()
    assert isinstance(reports[-1], Done)


async def test_killed_worker_is_lost_at_once_though_its_process_lives_on(
    handle: WorkerHandle,
) -> None:
    stream = handle.submit(Job("go"))
    await stream.read()
    with stuck(handle) as child:
        handle.kill()

        assert handle.free_places == 0
        await reports_until_lost(stream)
        assert handle.lost.is_set()
        assert handle.submit(Job("go")).ended
        assert await handle.wait_dead() is None
        await handle.close()
    assert await child.wait() == -signal.SIGKILL


async def test_what_a_killed_worker_has_said_is_heard(handle: WorkerHandle) -> None:
    stream = handle.submit(Job("go"))
    await stream.read()
    # This keeps the event loop, so that nothing is read meanwhile.
    wait_until(lambda: unread_bytes(handle) > 200)
    handle.kill()

    assert await reports_until_lost(stream) > 1


async def test_engine_whose_process_cannot_be_ended_gets_another(spec: EngineSpec) -> None:
    limits = KeeperLimits(
        end_seconds=END_SECONDS,
        backoff_seconds=60.0,
        max_backoff_seconds=60.0,
        watch=WatchLimits(heartbeat_seconds=0.1, silence_seconds=0.5),
    )
    with anyio.fail_after(40):
        async with Pool({"pico": ModelPlan([spec])}, limits=limits) as pool:
            first = await ready_handle(pool)
            lease = await pool.acquire(Placement("pico"), "go")
            stream = lease.run(Job("go"))
            with stuck(first) as child:
                await reports_until_lost(stream)
                lease.release()
                while "cannot be ended" not in pool.models["pico"].problem():
                    await anyio.sleep(POLL_SECONDS)
                assert not pool.is_ready
                pool.restart("pico")  # before its pause is over

                lease = await pool.acquire(Placement("pico"), "Hello!")
                assert await lease.run(Job("Hello!")).read()
                lease.release()
            await child.wait()


async def test_pool_ends_though_a_process_does_not(spec: EngineSpec) -> None:
    limits = KeeperLimits(end_seconds=END_SECONDS)
    with anyio.fail_after(40):
        async with Pool({"pico": ModelPlan([spec])}, limits=limits) as pool:
            handle = await ready_handle(pool)
            with stuck(handle) as child:
                handle.kill()
                for keeper in pool.models["pico"].keepers:
                    await keeper.stop()
            await child.wait()


async def test_job_that_cannot_be_interrupted_does_not_count_as_interrupted(
    spec: EngineSpec,
) -> None:
    heard = Interrupts()
    with anyio.fail_after(40):
        async with Pool({"pico": ModelPlan([spec])}) as pool:
            pool.watched_by(heard)
            handle = await ready_handle(pool)
            for job in (Job("Hello!", tokenize=True), Job("go")):
                lease = await pool.acquire(Placement("pico"), "")
                lease.run(job)
                lease.release()
                while handle.busy_places:
                    await anyio.sleep(POLL_SECONDS)
                heard.after.append(len(heard.engines))

    assert heard.after == [0, 1]

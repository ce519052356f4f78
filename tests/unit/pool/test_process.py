"""Waiting for a worker's process."""

import asyncio
import os
import signal

import pytest
from tests.support.server import POLL_SECONDS

from picoserve.pool.process import ChildProcess
from picoserve.pool.worker_output import WorkerOutput


async def test_whoever_waits_for_the_last_output_can_be_cancelled() -> None:
    # The process ends at once; what it leaves behind holds its output open.
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", "sleep 60 &", stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    child = ChildProcess(process, WorkerOutput("engine"))
    try:
        while process.returncode is None:
            await asyncio.sleep(POLL_SECONDS)
        waiting = asyncio.create_task(child.wait())
        await asyncio.sleep(POLL_SECONDS)
        assert not waiting.done()

        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await waiting
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert await child.wait() == 0

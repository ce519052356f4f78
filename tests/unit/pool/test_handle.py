"""The grip on a real worker; what becomes of its jobs is tested under a server."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.standin.model_script import ModelScript, Reply

from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.generation import Job
from picoserve.pool.handle import WorkerHandle
from picoserve.worker.messages import Done


@pytest.fixture
async def handle(standin_library: Path, tmp_path: Path) -> AsyncGenerator[WorkerHandle, None]:
    path = ModelScript(replies=[Reply(text="Fine.")]).write(tmp_path / "m.pllm")
    spec = EngineSpec(
        EngineKind.PICOLLM,
        "pico",
        str(path),
        "cpu:1",
        access_key="a-key==",
        library_path=str(standin_library),
    )
    handle = WorkerHandle(spec, on_free=lambda: None, interrupt_seconds=1.0)
    await handle.start(30.0)
    yield handle
    await handle.close()


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

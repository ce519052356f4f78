"""A prompt's beginning, read by an engine before its first request comes."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job, Sampling
from picoserve.logs import get_logger
from picoserve.pool.handle import WorkerHandle
from picoserve.pool.stream import JobStream, WorkerLostError
from picoserve.worker.messages import Done, Failed

WarmPrompt: TypeAlias = Callable[[EngineInfo], str]

# Generating one token is the only way to have a prompt evaluated.
_ONE_TOKEN: Final = 1

_log = get_logger(__name__)


async def warm_up(handle: WorkerHandle, prompt: str, seconds: float) -> None:
    """Have the engine read the prompt. A failure is told and changes nothing else."""
    handle.take_place()
    stream = handle.submit(Job(prompt, _ONE_TOKEN, sampling=Sampling(0.0)))
    try:
        async with asyncio.timeout(seconds):
            problem = await _problem(stream)
    except (TimeoutError, WorkerLostError) as error:
        problem = type(error).__name__
    finally:
        handle.interrupt(stream)
        stream.when_ended(handle.free_place)
    if problem:
        _log.warning("warm-up failed", engine=handle.spec.name, problem=problem)
        return
    handle.remembered, handle.prompt_length = prompt, len(prompt)


async def _problem(stream: JobStream) -> str:
    while True:
        for report in await stream.read():
            if isinstance(report, Done):
                return ""
            if isinstance(report, Failed):
                return report.message

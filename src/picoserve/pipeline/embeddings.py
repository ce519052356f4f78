"""Embeddings of several texts, each a job of its own, on as many engines as are there."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from picoserve.errors import EngineFailedError
from picoserve.generation import Job, Outcome
from picoserve.pipeline.failures import error_from_failure
from picoserve.pipeline.moves import Moves
from picoserve.pool.lease import Lease
from picoserve.pool.model_pool import Placement
from picoserve.pool.pool import Pool
from picoserve.pool.stream import JobStream, WorkerLostError
from picoserve.worker.messages import Done, Failed


async def embed_texts(pool: Pool, placement: Placement, texts: Sequence[str]) -> list[Outcome]:
    """One outcome per text, in order. A request never stands in line more than once per engine.

    Raises:
        PicoserveError: A text cannot be embedded, or no engine can do it.
    """
    outcomes: list[Outcome | None] = [None] * len(texts)
    numbers = iter(range(len(texts)))
    engines = len(pool.models[placement.model].keepers)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(engines, len(texts))):
                group.create_task(_work(pool, placement, texts, numbers, outcomes))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [outcome for outcome in outcomes if outcome is not None]


async def _work(
    pool: Pool,
    placement: Placement,
    texts: Sequence[str],
    numbers: Iterator[int],
    outcomes: list[Outcome | None],
) -> None:
    for number in numbers:
        field = f"input[{number}]" if len(texts) > 1 else "input"
        outcomes[number] = await _embed(pool, placement, texts[number], field)


async def _embed(pool: Pool, placement: Placement, text: str, field: str) -> Outcome:
    moves = Moves(len(pool.models[placement.model].keepers))
    while True:
        lease = await pool.acquire(placement, text)
        stream = lease.run(Job(text, embed=True))
        try:
            return await _outcome(lease, stream, field)
        except WorkerLostError:
            if not moves.use(stream):
                raise EngineFailedError("The engine stopped working while embedding.") from None
            placement = replace(placement, front=True)
        finally:
            lease.release()


async def _outcome(lease: Lease, stream: JobStream, field: str) -> Outcome:
    while True:
        for report in await stream.read():
            if isinstance(report, Done):
                return report.outcome
            if isinstance(report, Failed):
                raise error_from_failure(report, lease, field)

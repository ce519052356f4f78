"""Embeddings of several texts, each a job of its own, on as many engines as are there."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from picoserve.errors import EngineFailedError, PicoserveError
from picoserve.generation import FinishReason, Job, Outcome, Usage
from picoserve.pipeline.moves import Moves
from picoserve.pipeline.outcomes import outcome_of
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.model_pool import Placement
from picoserve.pool.pool import Pool
from picoserve.pool.stream import WorkerLostError


class Embeddings:
    """The embeddings of one request.

    A request never stands in line more than once per engine.

    Attributes:
        records: What is measured of each place in line: its first text and engine, all tokens.
    """

    def __init__(self, pool: Pool, placement: Placement, texts: Sequence[str]) -> None:
        self._pool = pool
        self._placement = placement
        self._texts = texts
        places = min(len(pool.models[placement.model].keepers), len(texts))
        self.records = [
            GenerationRecord(placement.model, Job(text, embed=True)) for text in texts[:places]
        ]

    async def run(self) -> list[Outcome]:
        """One outcome per text, in order.

        Raises:
            PicoserveError: A text cannot be embedded, or no engine can do it.
        """
        outcomes: dict[int, Outcome] = {}
        numbers = iter(range(len(self._texts)))
        try:
            async with asyncio.TaskGroup() as group:
                for record in self.records:
                    group.create_task(self._work(numbers, outcomes, record))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [outcomes[number] for number in range(len(self._texts))]

    async def _work(
        self, numbers: Iterator[int], outcomes: dict[int, Outcome], record: GenerationRecord
    ) -> None:
        try:
            for number in numbers:
                field = f"input[{number}]" if len(self._texts) > 1 else "input"
                outcomes[number] = await self._embed(self._texts[number], field, record)
                record.prompt_tokens += outcomes[number].prompt_tokens
        except PicoserveError as error:
            record.note_error(error)
            raise
        record.note_finish(FinishReason.STOP, Usage(record.prompt_tokens, 0))

    async def _embed(self, text: str, field: str, record: GenerationRecord) -> Outcome:
        placement = self._placement
        moves = Moves(len(self._pool.models[placement.model].keepers))
        while True:
            lease = await self._pool.acquire(placement, text)
            if record.placed is None:
                record.note_place(lease.engine)
            stream = lease.run(Job(text, embed=True))
            record.calls += 1
            try:
                return await outcome_of(lease, stream, field)
            except WorkerLostError:
                if not moves.use(stream):
                    raise EngineFailedError("The engine stopped working while embedding.") from None
                record.moved = True
                placement = replace(placement, front=True)
            finally:
                lease.release()

"""Several replies to one prompt (`n`), read side by side."""

import asyncio
from collections.abc import Sequence

from picoserve.generation import Event, Finish, IndexedEvents
from picoserve.pipeline.generation import Generation
from picoserve.pipeline.plan import Plan
from picoserve.pool.pool import Pool


class Choices:
    """All replies to one request, as one stream of events with the choice's index.

    Attributes:
        records: What is measured of each.
    """

    def __init__(self, pool: Pool, plans: Sequence[Plan]) -> None:
        self._generations = [Generation(pool, plan) for plan in plans]
        self.records = [generation.record for generation in self._generations]
        self._open = set(range(len(plans)))
        self._reads: dict[asyncio.Task[list[Event]], int] = {}

    @property
    def is_open(self) -> bool:
        """False once every choice has finished."""
        return bool(self._open)

    async def read(self) -> IndexedEvents:
        """The next events of whichever choice has some.

        Raises:
            PicoserveError: One of the choices failed.
        """
        if len(self._generations) == 1:
            events = await self._generations[0].read()
            return self._indexed(0, events)
        for index in self._open - set(self._reads.values()):
            self._reads[asyncio.create_task(self._generations[index].read())] = index
        done, _ = await asyncio.wait(self._reads, return_when=asyncio.FIRST_COMPLETED)
        indexed: IndexedEvents = []
        for task in done:
            indexed.extend(self._indexed(self._reads.pop(task), task.result()))
        return indexed

    def close(self) -> None:
        """Give everything back. Never awaits; safe to call twice."""
        for task in self._reads:
            task.cancel()
        for generation in self._generations:
            generation.close()

    def _indexed(self, index: int, events: list[Event]) -> IndexedEvents:
        if isinstance(events[-1], Finish):
            self._open.discard(index)
        return [(index, event) for event in events]

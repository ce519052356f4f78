"""Texts that are being tokenized on one worker."""

import asyncio

from picoserve.engine.engine import EngineError


class Tokenizing:
    """Who waits for which answer."""

    def __init__(self) -> None:
        self._futures: dict[int, asyncio.Future[list[int]]] = {}

    async def answer(self, number: int) -> list[int]:
        """Wait for the token ids of the text with this number. Raises EngineError."""
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._futures[number] = future
        try:
            return await future
        finally:
            del self._futures[number]

    def resolve(self, number: int, ids: list[int]) -> None:
        """The engine has answered."""
        if future := self._open(number):
            future.set_result(ids)

    def fail(self, number: int, error: EngineError) -> None:
        """The engine could not."""
        if future := self._open(number):
            future.set_exception(error)

    def fail_all(self, error: EngineError) -> None:
        """No answer will come."""
        for number in self._futures:
            self.fail(number, error)

    def _open(self, number: int) -> asyncio.Future[list[int]] | None:
        """Somebody who still waits."""
        future = self._futures.get(number)
        return None if future is None or future.done() else future

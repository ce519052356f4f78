"""Texts that are to be tokenized: for each engine of a model, one at a time comes into the line.

A tokenizing takes a place on an engine, as every job does. Did all of them stand in line, whoever
talks would wait for them all; so nobody finds more than one for each engine before him.
"""

import asyncio

from picoserve.errors import OverloadedError
from picoserve.pool.line import LineLimits
from picoserve.pool.prompt_size import estimated_tokens


class TokenizingTurns:
    """Whose turn it is. Those who wait are bounded as the line is, apart from it."""

    def __init__(self, engines: int, limits: LineLimits) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(max(1, engines))
        self._waiting: list[int] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def take(self, text: str, *, retry_after: float) -> None:
        """Wait for a turn, which has to be given back.

        Raises:
            OverloadedError: Too many wait, or it took too long.
        """
        tokens = estimated_tokens(text)
        if self._turns.locked():
            self._check_room(tokens, retry_after)
        seconds = self._limits.max_seconds
        self._waiting.append(tokens)
        try:
            async with asyncio.timeout(seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise OverloadedError(
                f"Other texts were being tokenized for {seconds:g} s. Please try again later.",
                limit="max_wait_seconds",
                retry_after=retry_after,
            ) from None
        finally:
            self._waiting.remove(tokens)

    def give_back(self) -> None:
        """The text is tokenized, or nobody wants it to be; the next one may come."""
        self._turns.release()

    def _check_room(self, tokens: int, retry_after: float) -> None:
        waiting, limits = self._waiting, self._limits
        if len(waiting) >= limits.max_jobs:
            limit = "max_waiting"
        elif waiting and 0 < limits.max_tokens < sum(waiting) + tokens:
            limit = "max_waiting_tokens"
        else:
            return
        raise OverloadedError(
            f"{len(waiting)} other texts wait to be tokenized. Please try again later.",
            limit=limit,
            retry_after=retry_after,
        )

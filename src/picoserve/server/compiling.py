"""Threads for what takes a moment: never the event loop, and never all of them for one caller."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from picoserve.errors import OverloadedError

ResultT = TypeVar("ResultT")

_THREADS: Final = 2


class CompileDesk:
    """Does one piece of work at a time for each caller; the others of that caller wait in line.

    So a caller with costly schemas holds up nobody but itself, and two such callers hold up only
    those whose schemas are new, each for as long as one compilation may take.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="compile")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(
        self, caller: str, work: Callable[[], ResultT], *, wait_seconds: float = math.inf
    ) -> ResultT:
        """Do the work in a thread.

        When the task is cancelled the thread goes on, since nothing can stop it, and the caller's
        turn lasts until it has ended.

        Args:
            wait_seconds: Longest wait for the caller's turn.

        Raises:
            OverloadedError: The caller's other work took longer than that.
        """
        turn = self._turns.get(caller)
        if turn is None:
            turn = self._turns[caller] = asyncio.Lock()
        try:
            async with asyncio.timeout(wait_seconds):
                await turn.acquire()
        except TimeoutError:
            raise OverloadedError(
                "Other new schemas of yours are still being compiled. Please try again later.",
                retry_after=1.0,
            ) from None
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work)
        doing.add_done_callback(partial(_end, turn))
        return await asyncio.shield(doing)


def _end(turn: asyncio.Lock, done: asyncio.Future[ResultT]) -> None:
    turn.release()
    if not done.cancelled():
        # Nobody may be left to ask for it.
        done.exception()

"""How long interrupted jobs may go on before their worker is taken for deaf."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from picoserve.pool.stream import JobStream

# A timer that fires so late shows that this process itself stood still: stopped, suspended, or
# asleep with its machine. What the worker has sent meanwhile has not been read yet.
_STOOD_STILL_SECONDS: Final = 0.5


class Deadlines:
    """One timer per interrupted job; they run only while no job of the worker is in its prompt.

    Until then nobody can tell a deaf engine from a busy one: picoLLM reads a prompt to its end,
    whatever it is asked, and llama.cpp fills its batches with one job's prompt and calls back
    for no other job meanwhile. What never gets out of that is left to the watch. It ends a prompt
    that is read for ever, and a job that stays deaf while others' prompts come and go: no piece
    of an interrupted job is reported any more, so its time for the next one runs out.
    """

    def __init__(self, seconds: float, on_late: Callable[[int], None]) -> None:
        """Set the patience.

        Args:
            seconds: From an interrupt, or the end of the last prompt after it, to the job's end.
            on_late: Called with the number of a job that has not ended by then.
        """
        self._seconds = seconds
        self._on_late = on_late
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def review(self, streams: Iterable[JobStream]) -> None:
        """One of the worker's jobs has begun, come to the end of its prompt, or ended."""
        running = list(streams)
        if any(stream.in_prompt for stream in running):
            running.clear()
        late = {stream.number for stream in running if stream.interrupted}
        for number in self._timers.keys() - late:
            self._timers.pop(number).cancel()
        for number in late - self._timers.keys():
            self._begin(number)

    def _begin(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._seconds
        self._timers[number] = loop.call_at(due, self._end, number, due)

    def _end(self, number: int, due: float) -> None:
        if asyncio.get_running_loop().time() - due > _STOOD_STILL_SECONDS:
            self._begin(number)
        else:
            self._on_late(number)

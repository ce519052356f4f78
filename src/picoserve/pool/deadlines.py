"""How long interrupted jobs may go on before their worker is taken for deaf."""

import asyncio
from collections.abc import Callable


class Deadlines:
    """One timer per interrupted job."""

    def __init__(self, seconds: float, on_late: Callable[[int], None]) -> None:
        """Set the patience.

        Args:
            seconds: From an interrupt, or the job's last progress after it, to its end.
            on_late: Called with the number of a job that has not ended by then.
        """
        self._seconds = seconds
        self._on_late = on_late
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._timers

    def start(self, number: int) -> None:
        """The job was interrupted."""
        loop = asyncio.get_running_loop()
        self._timers[number] = loop.call_later(self._seconds, self._on_late, number)

    def postpone(self, number: int) -> None:
        """The job gets on, so its engine is not deaf: a prompt is read to its end."""
        if number in self._timers:
            self.stop(number)
            self.start(number)

    def stop(self, number: int) -> None:
        """The job has ended."""
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()

    def stop_all(self) -> None:
        """The worker has gone."""
        for number in list(self._timers):
            self.stop(number)

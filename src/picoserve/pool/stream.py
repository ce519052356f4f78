"""The server's end of one job: reports come in from the pipe, somebody reads or hears them."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from picoserve.worker.messages import Accepted, Begun, Done, Failed, Piece, Progress

_WHOLE: Final = 100  # percent

JobReport: TypeAlias = Accepted | Progress | Piece | Done | Failed


class WorkerLostError(Exception):
    """The worker process ended while the job was running."""


class JobStream:
    """Reports of one job, in order.

    Attributes:
        number: The job's number on its worker.
        can_interrupt: False for a job that always goes on to its end.
        ended: True once no report can follow.
        has_begun: True once the worker has taken the job up.
        has_pieces: True once a piece of the reply has arrived.
        prompt_read: True once the engine has read the prompt to its end, as far as it tells, or
            where the job has it do no such thing.
        interrupted: True once its end was asked for.
        last_report: When the last report came (or the job began), in the loop's time.
        on_death: Called when the worker dies between taking the job up and accepting it.
    """

    def __init__(
        self, number: int, *, can_interrupt: bool = True, reads_prompt: bool = True
    ) -> None:
        self.number = number
        self.can_interrupt = can_interrupt
        self.ended = False
        self.has_begun = False
        self.has_pieces = False
        self.prompt_read = not reads_prompt
        self.interrupted = False
        self.on_death: Callable[[], None] | None = None
        self._now = asyncio.get_running_loop().time
        self.last_report = self._now()
        self._reports: list[JobReport] = []
        self._lost = False
        self._waiter: asyncio.Future[None] | None = None
        self._on_end: Callable[[], None] | None = None
        self._listener: Callable[[JobReport | None], None] | None = None

    @property
    def in_prompt(self) -> bool:
        """Whether the engine may be reading the prompt: no interrupt is sure to end that."""
        return self.has_begun and not self.prompt_read

    def push(self, report: Begun | JobReport) -> None:
        """Take a report from the pipe."""
        self.last_report = self._now()
        if isinstance(report, Begun):
            self.has_begun = True
            return
        listener = self._listener
        if isinstance(report, Piece):
            self.has_pieces = self.prompt_read = True
        elif isinstance(report, Progress):
            self.prompt_read |= report.percent >= _WHOLE
        elif isinstance(report, Accepted):
            self.on_death = None
        elif isinstance(report, Done | Failed):
            self._end()
        if listener is not None:
            listener(report)
        else:
            self._reports.append(report)
            self._wake()

    def lose(self, *, died: bool = False) -> None:
        """No report will come: a listener hears None, a reader gets WorkerLostError in the end.

        Args:
            died: The worker died while the job was on it.
        """
        if not self.ended:
            self._lost = True
            if died and self.has_begun and self.on_death is not None:
                self.on_death()
            listener = self._listener
            self._end()
            if listener is not None:
                listener(None)
            else:
                self._wake()

    def listen(self, listener: Callable[[JobReport | None], None]) -> None:
        """Have each report told as it comes, from a new job on, in place of reading them.

        Args:
            listener: Is given None when the worker is lost.
        """
        self._listener = listener
        if self._lost:
            listener(None)

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call back once, as soon as no report can follow."""
        if self.ended:
            callback()
        else:
            self._on_end = callback

    async def read(self) -> list[JobReport]:
        """All reports that are ready, at least one.

        Raises:
            WorkerLostError: The worker is gone and everything it sent has been read.
        """
        while not self._reports:
            if self._lost:
                raise WorkerLostError
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        reports, self._reports = self._reports, []
        return reports

    def _end(self) -> None:
        self.ended = True
        # Whoever listens holds this stream: without the circle both are freed at once.
        self._listener = None
        callback, self._on_end = self._on_end, None
        if callback is not None:
            callback()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

"""The jobs that a worker holds: which wait, which run, which nobody wants any more."""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from picoserve.engine.engine import EngineInfo
from picoserve.generation import ContextLoad, TokenLogprob
from picoserve.worker.messages import (
    Accepted,
    Generate,
    Piece,
    Progress,
    Ready,
    Report,
)


class RunningJob:
    """One job inside this worker, and the sink its engine writes to."""

    def __init__(self, number: int, send: Callable[[Report], None]) -> None:
        self.number = number
        self._send = send
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """True once nobody wants the rest."""
        return self._cancelled

    def cancel(self) -> None:
        """Drop everything that still comes."""
        self._cancelled = True

    def accepted(
        self,
        prompt_tokens: int | None,
        cached_tokens: int | None,
        load: ContextLoad | None = None,
    ) -> None:
        """The prompt fits and its evaluation begins."""
        self._send(Accepted(self.number, prompt_tokens, cached_tokens, load))

    def progress(self, percent: int) -> None:
        """So much of the prompt has been evaluated; told of a cancelled job too, as it lives."""
        self._send(Progress(self.number, percent))

    def piece(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> None:
        """More bytes of the reply."""
        if not self._cancelled:
            self._send(Piece(self.number, data, tuple(tokens)))

    def engine_changed(self, info: EngineInfo) -> None:
        """The engine has learnt something of itself."""
        self._send(Ready(info))


class JobTable:
    """Hands jobs to the engine's threads and finds them again for an interrupt."""

    def __init__(self, send: Callable[[Report], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._jobs: dict[int, RunningJob] = {}
        self._running: set[int] = set()
        self._queue: SimpleQueue[Generate | None] = SimpleQueue()

    def put(self, command: Generate) -> None:
        """Take in a job for the engine's threads."""
        with self._lock:
            self._jobs[command.number] = RunningJob(command.number, self._send)
        self._queue.put(command)

    def stop(self) -> None:
        """Cancel everything and let the engine's threads end."""
        with self._lock:
            for job in self._jobs.values():
                job.cancel()
        self._queue.put(None)

    def take(self) -> Generate | None:
        """The next job; None means that the thread shall end."""
        command = self._queue.get()
        if command is None:
            self._queue.put(None)  # for the next thread
        return command

    def begin(self, number: int) -> RunningJob:
        """The job starts to run in the calling thread."""
        with self._lock:
            self._running.add(number)
            return self._jobs[number]

    def end(self, number: int) -> None:
        """The job runs no longer: from here on no interrupt can be meant for it."""
        with self._lock:
            self._running.discard(number)
            del self._jobs[number]

    def cancel(self, number: int) -> None:
        """Mark a job as unwanted, if it is still here."""
        with self._lock:
            job = self._jobs.get(number)
            if job is not None:
                job.cancel()

    def interrupt_cancelled(self, interrupt: Callable[[], None]) -> bool:
        """Interrupt while a cancelled job is running; False when there is none.

        Held under the lock, so that the interrupt cannot hit the job after it.
        """
        with self._lock:
            wanted = any(self._jobs[number].cancelled for number in self._running)
            if wanted:
                interrupt()
            return wanted

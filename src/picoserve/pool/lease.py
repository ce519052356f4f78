"""The right to use one place of one engine, until it is released."""

from collections.abc import Callable
from time import perf_counter

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job
from picoserve.pool.affinity import Origin
from picoserve.pool.handle import WorkerHandle
from picoserve.pool.observer import PoolObserver
from picoserve.pool.stream import JobStream


class Lease:
    """One place of one engine.

    Releasing never awaits: cleanup in a request's task may be cancelled again at any await
    (anyio cancels every later await of a cancelled scope), so it only sends the interrupt. The
    place is free when the worker reports the job's end.
    """

    def __init__(
        self,
        handle: WorkerHandle,
        info: EngineInfo,
        observer: PoolObserver,
        note_seconds: Callable[[float], None],
        origin: Origin,
    ) -> None:
        """Take a place.

        Args:
            note_seconds: Told how long a job held the place, once it is free.
            origin: Where the job comes from.
        """
        self.info = info
        self._note_seconds = note_seconds
        self._origin = origin
        self._began = perf_counter()
        self._observer = observer
        self._handle = handle
        self._stream: JobStream | None = None
        self._released = False
        self._interrupted: float | None = None
        self._is_job = True
        self._on_free: Callable[[], None] | None = None
        handle.take_place()

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._handle.spec.name

    def run(self, job: Job) -> JobStream:
        """Run a job. Jobs of one lease run one after the other."""
        self._is_job = not job.tokenize
        if self._is_job:
            self._take_context(job)
        self._interrupted = None
        self._stream = self._handle.submit(job)
        return self._stream

    def when_free(self, callback: Callable[[], None]) -> None:
        """Call back once the place is free again."""
        self._on_free = callback

    def remember(self, text: str) -> None:
        """What the engine's context holds now: prompt and reply."""
        if self._handle.last_lease is self:
            self._handle.remembered = text

    def interrupt(self) -> None:
        """Ask the running job to end; its last report still comes."""
        if self._stream is None:
            return
        can_end_early = self._stream.can_interrupt and not self._stream.ended
        if self._interrupted is None and can_end_early:
            self._interrupted = perf_counter()
        self._handle.interrupt(self._stream)

    def release(self) -> None:
        """Give the place back. Safe to call twice."""
        if self._released:
            return
        self._released = True
        if self._stream is None:
            self._give_place_back()
        else:
            self.interrupt()
            self._stream.when_ended(self._free)

    def _take_context(self, job: Job) -> None:
        """Note what the engine's context holds from here on; counting tokens changes nothing."""
        handle = self._handle
        handle.last_lease = self
        handle.remembered = job.context
        handle.prompt_length = len(job.context)
        handle.last_used = perf_counter()
        handle.last_origin = self._origin

    def _free(self) -> None:
        if self._interrupted is not None:
            self._observer.interrupted(self.engine, perf_counter() - self._interrupted)
        if self._is_job:
            self._note_seconds(perf_counter() - self._began)
        self._give_place_back()

    def _give_place_back(self) -> None:
        self._handle.free_place()
        if self._on_free is not None:
            self._on_free()

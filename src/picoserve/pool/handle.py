"""One worker process as the server sees it: load, run jobs, interrupt, end."""

import asyncio
from collections.abc import Callable
from typing import Final

from picoserve.engine.engine import EngineError, EngineInfo, EngineSpec, FailureKind
from picoserve.generation import Job
from picoserve.logs import get_logger
from picoserve.pool.affinity import Origin
from picoserve.pool.deadlines import Deadlines
from picoserve.pool.process import ChildProcess, WorkerPipe, start_worker
from picoserve.pool.stream import JobStream
from picoserve.pool.worker_output import WorkerOutput
from picoserve.worker.messages import (
    Accepted,
    Begun,
    Done,
    Failed,
    Generate,
    Interrupt,
    Load,
    LoadFailed,
    Piece,
    Ping,
    Pong,
    Progress,
    Ready,
    Report,
    Shutdown,
)

_CLOSE_SECONDS: Final = 3.0
# Failures of one job after which the engine is of no use to any other.
_ENDS_ENGINE: Final = frozenset({FailureKind.ACTIVATION, FailureKind.ENGINE_STATE})

_log = get_logger(__name__)


class WorkerHandle:
    """The server's grip on one worker process.

    Whoever stops listening early only asks the worker to stop; the place is free again when
    the worker says so, so that two jobs never share an engine.

    Attributes:
        broken: True once the worker is killed or its pipe has closed. Such a handle is replaced,
            not mended.
        fatal: The failure of a job that ended the engine itself.
        last_sign: When the worker last sent anything, in the loop's time.
        remembered: Prompt and reply of the last job, for finding the engine that holds a prefix.
        last_lease: Whose job came last; only that one knows what the context holds.
        prompt_length: How much of that was the prompt.
        last_used: When the last job began, in seconds of `time.perf_counter`.
        last_origin: Where that job came from, as far as the client says.
    """

    def __init__(
        self,
        spec: EngineSpec,
        *,
        on_free: Callable[[], None],
        interrupt_seconds: float,
        end_seconds: float = 5.0,
    ) -> None:
        """Set the patience.

        Args:
            interrupt_seconds: With a job that goes on after its interrupt.
            end_seconds: With a process that has been killed.
        """
        self.spec = spec
        self._end_seconds = end_seconds
        self.broken = False
        self.fatal: EngineError | None = None
        self.remembered = ""
        self.last_lease: object = None
        self.prompt_length = 0
        self.last_used = 0.0
        self.last_origin = Origin()
        self.lost = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self.last_sign = self._now()
        self._pings = 0
        self._on_free = on_free
        self._info: EngineInfo | None = None
        self._loaded: asyncio.Future[EngineInfo] = asyncio.get_running_loop().create_future()
        self._streams: dict[int, JobStream] = {}
        self._deadlines = Deadlines(interrupt_seconds, self._kill_deaf)
        self._numbers = 0
        self._leased = 0
        self._child: ChildProcess | None = None
        self._pipe: WorkerPipe | None = None
        self._blames_jobs = True

    @property
    def info(self) -> EngineInfo | None:
        """What the engine says of itself, once it is loaded."""
        return self._info

    @property
    def pid(self) -> int | None:
        """The worker's process id."""
        return None if self._child is None else self._child.pid

    @property
    def free_places(self) -> int:
        """Jobs that could start now."""
        return 0 if self.broken or self._info is None else self._info.slots - self._leased

    @property
    def busy_places(self) -> int:
        """Jobs that hold a place, those that are being interrupted included."""
        return self._leased

    async def start(self, load_seconds: float) -> EngineInfo:
        """Start the process and load the engine.

        Raises:
            EngineError: The engine cannot be built, the process died, or time is up.
        """
        try:
            self._child, self._pipe = await start_worker(
                WorkerOutput(self.spec.name, self.spec.access_key), self._on_report, self._on_lost
            )
        except OSError as error:
            raise EngineError(
                FailureKind.RUNTIME, f"no process could be started: {error.strerror}"
            ) from error
        self._pipe.send(Load(self.spec))
        try:
            async with asyncio.timeout(load_seconds):
                self._info = await asyncio.shield(self._loaded)
        except TimeoutError:
            raise EngineError(
                FailureKind.RUNTIME, f"the engine was not loaded within {load_seconds:g} s"
            ) from None
        return self._info

    def take_place(self) -> None:
        """Reserve one of the free places."""
        self._leased += 1

    def free_place(self) -> None:
        """Give a place back; the pool may use it at once."""
        self._leased -= 1
        self._on_free()

    def submit(self, job: Job) -> JobStream:
        """Run a job on a place that was taken before."""
        self._numbers += 1
        can_interrupt = self._info is None or self._info.can_interrupt(job)
        stream = JobStream(
            self._numbers, can_interrupt=can_interrupt, reads_prompt=not job.tokenize
        )
        if self.broken or self._pipe is None:
            stream.lose()
            return stream
        # Sent first: a job that cannot be written down must not count as running.
        self._pipe.send(Generate(stream.number, job))
        self._streams[stream.number] = stream
        return stream

    def interrupt(self, stream: JobStream) -> None:
        """Ask for a job's end, without waiting, if it can be had. A worker deaf to it is killed."""
        wanted = stream.can_interrupt and not stream.ended
        if not wanted or stream.interrupted or self._pipe is None:
            return
        stream.interrupted = True
        self._pipe.send(Interrupt(stream.number))
        self._deadlines.review(self._streams.values())

    async def close(self) -> None:
        """End the worker: ask, then insist."""
        if self._child is None or self._pipe is None:
            return
        self._blames_jobs = False
        status = None
        if not self.broken:
            self._pipe.send(Shutdown())
            status = await self._child.ended_within(_CLOSE_SECONDS)
        if status is None:
            status = await self.wait_dead()
        self._pipe.close()
        _log.debug("worker ended", engine=self.spec.name, status=status)

    def lose_jobs(self, *, died: bool = False) -> None:
        """Whoever reads a job's reports is told that none will come.

        Args:
            died: Because the worker died.
        """
        streams, self._streams = list(self._streams.values()), {}
        for stream in streams:
            stream.lose(died=died)

    def kill(self, *, blames_jobs: bool = True) -> None:
        """End the process at once; the pipe's end tells everybody.

        Args:
            blames_jobs: What runs on it may be why it has to end.
        """
        self._blames_jobs = blames_jobs
        self._end()

    async def wait_dead(self) -> int | None:
        """Kill what is left of the process; its exit status, or None when it cannot be ended."""
        if self._child is None:
            return None
        self._end()
        status = await self._child.ended_within(self._end_seconds)
        if status is None:
            _log.error(
                "worker's process cannot be ended", engine=self.spec.name, pid=self._child.pid
            )
        return status

    def ping(self) -> None:
        """Ask the listener thread for a sign of life."""
        self._pings += 1
        if self._pipe is not None:
            self._pipe.send(Ping(self._pings))

    def excuse(self, seconds: float) -> None:
        """For so long nothing that the worker sent could be read."""
        self.last_sign += seconds
        for stream in self._streams.values():
            stream.last_report += seconds

    def running(self) -> list[JobStream]:
        """The jobs that are on the worker."""
        return list(self._streams.values())

    def _end(self) -> None:
        """Kill the process and close the pipe: one that is stuck in a driver never would."""
        if self._child is None or self._pipe is None:
            return
        self._child.kill()
        self.broken = True
        self._pipe.close()

    def _on_report(self, report: Report) -> None:
        self.last_sign = self._now()
        match report:
            case Begun() | Piece() | Progress() | Accepted():
                self._pass_on(report)
            case Done() | Failed():
                self._end_job(report)
            case Ready() | LoadFailed() | Pong():
                self._on_life_sign(report)

    def _pass_on(self, report: Begun | Piece | Progress | Accepted) -> None:
        stream = self._streams.get(report.number)
        if stream is None:
            return
        was_in_prompt = stream.in_prompt
        stream.push(report)
        if stream.in_prompt != was_in_prompt:
            self._deadlines.review(self._streams.values())

    def _on_life_sign(self, report: Ready | LoadFailed | Pong) -> None:
        if isinstance(report, Ready):
            self._on_ready(report.info)
        elif isinstance(report, LoadFailed):
            self._fail_load(EngineError(report.kind, report.message))

    def _on_ready(self, info: EngineInfo) -> None:
        if self.spec.context_cache and not info.context_cache:
            _log.info("context cache is off: the model has none", engine=self.spec.name)
        if self._loaded.done():
            self._info = info
        else:
            self._loaded.set_result(info)

    def _end_job(self, report: Done | Failed) -> None:
        if isinstance(report, Failed) and report.kind in _ENDS_ENGINE:
            # No other job may start here, and the keeper learns why when the pipe closes.
            self.fatal = EngineError(report.kind, report.message)
            self.kill()
        stream = self._streams.pop(report.number, None)
        self._deadlines.review(self._streams.values())
        if stream is not None:
            stream.push(report)

    def _on_lost(self) -> None:
        self.broken = True
        self._deadlines.review(())
        self._fail_load(EngineError(FailureKind.RUNTIME, "the process died while loading"))
        self.lost.set()
        self.lose_jobs(died=self._blames_jobs)

    def _fail_load(self, error: EngineError) -> None:
        if not self._loaded.done():
            self._loaded.set_exception(error)
            self._loaded.exception()  # seen: nobody may be waiting any more

    def _kill_deaf(self, number: int) -> None:
        _log.warning("worker is deaf to its interrupt: killed", engine=self.spec.name, job=number)
        self.kill(blames_jobs=False)

"""Keeps one engine alive: start, watch, start again with growing pauses, give up in time.

Every start of a picoLLM engine may count as an activation of the AccessKey, so a failure that
starting again cannot cure (key, file, device, package, licence) is final until a person acts.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from picoserve.engine.engine import EngineError, EngineInfo, EngineSpec, FailureKind
from picoserve.logs import get_logger
from picoserve.pool.handle import WorkerHandle
from picoserve.pool.warm_up import WarmPrompt, warm_up
from picoserve.pool.watch import WatchLimits, watch_worker

_FINAL: Final = frozenset(
    {
        FailureKind.ACCESS_KEY,
        FailureKind.ACTIVATION,
        FailureKind.DEVICE,
        FailureKind.MISSING_PACKAGE,
        FailureKind.MODEL_FILE,
    }
)

_log = get_logger(__name__)


class EngineState(StrEnum):
    """Where an engine is in its life."""

    LOADING = "loading"
    READY = "ready"
    RESTARTING = "restarting"
    RESTING = "resting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class KeeperLimits:
    """How patient a keeper is. Times in seconds.

    Attributes:
        load_seconds: Longest time an engine may take to load.
        interrupt_seconds: Longest time a job may go on after its interrupt, outside of prompts.
        end_seconds: Longest wait for the end of a process that was killed.
        backoff_seconds: First pause before a new start; doubles up to `max_backoff_seconds`.
        max_failures: Deaths within `failure_window_seconds` after which the engine rests
            for `cool_down_seconds`.
        watch: What a running worker is held to.
    """

    load_seconds: float = 600.0
    interrupt_seconds: float = 10.0
    end_seconds: float = 5.0
    backoff_seconds: float = 0.25
    max_backoff_seconds: float = 30.0
    max_failures: int = 5
    failure_window_seconds: float = 120.0
    cool_down_seconds: float = 600.0
    watch: WatchLimits = field(default_factory=WatchLimits)


class EngineKeeper:
    """One configured engine and, most of the time, the worker that runs it.

    Attributes:
        restarts: Times a worker was started after the first.
        problem: Why the engine is not ready, in words for a person; "" when it is.
    """

    def __init__(
        self,
        spec: EngineSpec,
        limits: KeeperLimits,
        on_change: Callable[[], None],
        warm_prompt: WarmPrompt | None = None,
    ) -> None:
        self.spec = spec
        self._warm_prompt = warm_prompt
        self.state = EngineState.LOADING
        self.problem = ""
        self.restarts = 0
        self.load_seconds = 0.0
        self.handle: WorkerHandle | None = None
        self._info: EngineInfo | None = None
        self._limits = limits
        self._on_change = on_change
        self._deaths: deque[float] = deque(maxlen=limits.max_failures)
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._rests_until = 0.0

    @property
    def info(self) -> EngineInfo | None:
        """What the engine says of itself, or said when it last worked; None before it has."""
        return (self.handle and self.handle.info) or self._info

    @property
    def is_out(self) -> bool:
        """True while nobody tries to start it: it rests, or only a person can help."""
        return self.state in {EngineState.RESTING, EngineState.FAILED, EngineState.STOPPED}

    @property
    def rest_seconds(self) -> float | None:
        """How long the engine still rests; None when it does not."""
        if self.state is not EngineState.RESTING:
            return None
        return max(0.0, self._rests_until - asyncio.get_running_loop().time())

    def start(self) -> None:
        """Begin to keep the engine alive."""
        self._task = asyncio.create_task(self._keep(), name=f"keeper of {self.spec.name}")

    def restart(self) -> None:
        """Start the engine afresh: what a person asks for. Jobs that run on it are lost."""
        self._deaths.clear()
        if self._task is not None and self._task.done():
            self.restarts += 1
            self._set(EngineState.RESTARTING, "")
            self.start()
        self._wanted.set()
        if self.handle is not None:
            self.handle.kill(blames_jobs=False)

    async def stop(self) -> None:
        """End the worker and stop keeping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._set(EngineState.STOPPED, "")
        if self.handle is not None:
            await self.handle.close()

    async def _keep(self) -> None:
        while True:
            try:
                await self._live()
            except EngineError as error:
                if error.kind in _FINAL:
                    _log.error("engine failed", engine=self.spec.name, problem=error.message)
                    self._set(EngineState.FAILED, error.message)
                    return
                self._set(EngineState.RESTARTING, error.message)
            except Exception:  # noqa: BLE001  # a keeper that dies would leave its engine for dead
                _log.exception("starting a worker failed", engine=self.spec.name)
                self._set(EngineState.RESTARTING, "the worker could not be started")
            await self._rest(self._pause())
            self.restarts += 1
            if self.state is EngineState.RESTING:
                self._set(EngineState.RESTARTING, "")

    async def _live(self) -> None:
        """One worker's life. Raises EngineError when it ends."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._info = self.info
        self.handle = handle = WorkerHandle(
            self._known_spec(),
            on_free=self._on_change,
            interrupt_seconds=self._limits.interrupt_seconds,
            end_seconds=self._limits.end_seconds,
        )
        try:
            self._info = info = await handle.start(self._limits.load_seconds)
            self._note_context(info)
            if self._warm_prompt is not None and (prompt := self._warm_prompt(info)):
                await warm_up(handle, prompt, self._limits.load_seconds)
            self.load_seconds = loop.time() - began
            _log.info("engine ready", engine=self.spec.name, seconds=round(self.load_seconds, 3))
            self._set(EngineState.READY, "")
            await self._watch(handle)
            self._set(EngineState.RESTARTING, "its worker is being ended")
        except EngineError as error:
            await handle.wait_dead()
            if error.kind not in _FINAL:
                _log.warning("engine did not start", engine=self.spec.name, problem=error.message)
            raise
        status = await handle.wait_dead()
        if handle.fatal is not None:
            raise handle.fatal
        if status is not None:
            _log.warning("worker died", engine=self.spec.name, status=status)
        raise EngineError(FailureKind.RUNTIME, _problem(status))

    def _known_spec(self) -> EngineSpec:
        """The spec with what an earlier start has taught: to learn it again costs one more."""
        if self._info is None or self._info.context_cache:
            return self.spec
        return replace(self.spec, context_cache=False)

    def _note_context(self, info: EngineInfo) -> None:
        if info.context_length < self.spec.context_length:
            _log.warning(
                "context_length is more than the model was trained for",
                engine=self.spec.name,
                configured=self.spec.context_length,
                context_length=info.context_length,
            )

    async def _rest(self, seconds: float) -> None:
        """Wait before the next start; a person may cut it short."""
        self._wanted.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wanted.wait()

    async def _watch(self, handle: WorkerHandle) -> None:
        """Return when the worker is lost."""
        watch = asyncio.create_task(watch_worker(handle, self._limits.watch))
        try:
            await handle.lost.wait()
        finally:
            watch.cancel()

    def _pause(self) -> float:
        now = asyncio.get_running_loop().time()
        self._deaths.append(now)
        limits = self._limits
        recent = [t for t in self._deaths if now - t < limits.failure_window_seconds]
        if len(recent) >= limits.max_failures:
            self._deaths.clear()
            self._rests_until = now + limits.cool_down_seconds
            self._set(
                EngineState.RESTING,
                f"{self.problem}; out of service for {limits.cool_down_seconds:g} s",
            )
            return limits.cool_down_seconds
        pause: float = limits.backoff_seconds * 2 ** (len(recent) - 1)
        return min(pause, limits.max_backoff_seconds)

    def _set(self, state: EngineState, problem: str) -> None:
        self.state, self.problem = state, problem
        self._on_change()


def _problem(status: int | None) -> str:
    if status is None:
        return "its worker was killed, but its process cannot be ended"
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    return f"the worker died ({how})"

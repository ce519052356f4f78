"""The engines of one model: who waits, who runs, where the next job goes."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from picoserve.engine.engine import EngineInfo, EngineSpec
from picoserve.errors import ModelUnavailableError, OverloadedError
from picoserve.pool.affinity import Candidate, ContextFit, Origin, best_candidate
from picoserve.pool.handle import WorkerHandle
from picoserve.pool.keeper import EngineKeeper, EngineState, KeeperLimits
from picoserve.pool.lease import Lease
from picoserve.pool.line import Line, LineLimits, Priority, Waiter
from picoserve.pool.observer import NobodyWatches, PoolObserver
from picoserve.pool.tokenizing import TokenizingTurns
from picoserve.pool.warm_up import WarmPrompt


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a job wants to run.

    Attributes:
        model: The configured model's name.
        front: The job's first engine died under it; it waits in front.
        origin: Where the job comes from, as far as the client says.
        fit: The engines that its saved context concerns.
        max_wait_seconds: Longest wait in the line, where it is less than the line's own.
        waited_seconds: How much of that is over, spent before it came to the line.
    """

    model: str
    priority: Priority = Priority.STANDARD
    front: bool = False
    origin: Origin = field(default_factory=Origin)
    fit: ContextFit | None = None
    max_wait_seconds: float = math.inf
    waited_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine, for health and metrics."""

    name: str
    model: str
    device: str
    state: EngineState
    problem: str
    slots: int
    busy: int
    restarts: int
    load_seconds: float
    pid: int | None


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What is to run for one model.

    Attributes:
        problem: Why there are no engines, in words for a person; "" where there are.
        warm_prompt: What each engine reads before its first request, from what it says of itself.
    """

    specs: Sequence[EngineSpec]
    problem: str = ""
    warm_prompt: WarmPrompt | None = None


class ModelPool:
    """The engines of one model and the line before them.

    Attributes:
        observer: Told of what happens.
        line: The jobs that wait for a place.
        tokenizing: Whose turn it is to stand in line to have a text tokenized.
    """

    def __init__(
        self,
        name: str,
        plan: ModelPlan,
        *,
        line: LineLimits,
        limits: KeeperLimits,
        on_change: Callable[[], None],
    ) -> None:
        self.name = name
        self.observer: PoolObserver = NobodyWatches()
        self._tell = on_change
        self._planned_problem = plan.problem
        self.line = Line(line)
        self.keepers = [
            EngineKeeper(spec, limits, self._on_change, plan.warm_prompt) for spec in plan.specs
        ]
        self.tokenizing = TokenizingTurns(len(self.keepers), line)
        self._mean_job_seconds = 1.0

    @property
    def info(self) -> EngineInfo | None:
        """What the model's engines say of themselves; None until one has loaded."""
        return next((keeper.info for keeper in self.keepers if keeper.info), None)

    @property
    def context_identities(self) -> list[str]:
        """The kinds of saved contexts that the engines take: of those that work, GPUs first."""
        known = [(keeper.is_out, keeper.info) for keeper in self.keepers if keeper.info]
        known.sort(key=lambda row: (row[0], not row[1].device.startswith("gpu")))
        identities = (info.context_identity for _, info in known)
        return list(dict.fromkeys(identity for identity in identities if identity))

    @property
    def waiting(self) -> int:
        """Requests that wait: jobs in line, and texts to be tokenized that are not yet."""
        return len(self.line) + len(self.tokenizing)

    @property
    def is_ready(self) -> bool:
        """True while at least one engine can run jobs."""
        return any(keeper.state is EngineState.READY for keeper in self.keepers)

    def could_hold(self, prompts: Sequence[str]) -> bool:
        """Whether jobs with these prompts fit on the engines and into the line, all at once."""
        places = sum(_slots(keeper) for keeper in self.keepers)
        return self.line.could_hold(sorted(prompts, key=len, reverse=True)[places:])

    def problem(self) -> str:
        """Why no engine can run, in words for a person."""
        problems = [self._planned_problem, *(keeper.problem for keeper in self.keepers)]
        return "; ".join(dict.fromkeys(problem for problem in problems if problem))

    @property
    def is_idle(self) -> bool:
        """True while nobody waits and no place is taken."""
        handles = [keeper.handle for keeper in self.keepers if keeper.handle]
        return not len(self.line) and not any(
            handle.busy_places for handle in handles if not handle.broken
        )

    def abort(self, error: Exception) -> None:
        """Give up everything that waits or runs."""
        self.line.fail_all(error)
        for keeper in self.keepers:
            if keeper.handle is not None and keeper.handle.busy_places:
                keeper.handle.lose_jobs()

    async def acquire(self, placement: Placement, prompt: str) -> Lease:
        """Wait in line for a place.

        Raises:
            OverloadedError: The line is full, a job of a higher class took the place, or the
                wait became too long.
            ModelUnavailableError: No engine of the model works or will.
        """
        if not self._may_run(placement.fit):
            raise self._out_error(f": {self.problem()}")
        lease = (
            None if len(self.line) else self._best_lease(prompt, placement.origin, placement.fit)
        )
        if lease is not None:
            return lease
        loop = asyncio.get_running_loop()
        waiter = Waiter(
            prompt,
            placement.priority,
            loop.time(),
            placement.front,
            loop.create_future(),
            placement.origin,
            placement.fit,
        )
        self.line.join(waiter, retry_after=self.retry_after())
        if self._free_handles():
            # Whoever stands in front waits for another engine than the free one.
            self._dispatch()
        seconds = min(self.line.limits.max_seconds, placement.max_wait_seconds)
        try:
            async with asyncio.timeout(seconds - placement.waited_seconds):
                return await waiter.lease
        except TimeoutError:
            waiter.give_back()
            raise OverloadedError(
                f"All engines were busy for {seconds:g} s. Please try again later.",
                limit="max_wait_seconds",
                retry_after=self.retry_after(),
            ) from None
        except asyncio.CancelledError:
            waiter.give_back()
            raise
        finally:
            self.line.leave(waiter)

    def retry_after(self) -> float:
        """Seconds until a newcomer could be served: an estimate, 1 to 120."""
        places = sum(keeper.info.slots for keeper in self.keepers if keeper.info) or 1
        return min(120.0, max(1.0, (len(self.line) + 1) / places * self._mean_job_seconds))

    def _note_job_seconds(self, seconds: float) -> None:
        self._mean_job_seconds += 0.1 * (seconds - self._mean_job_seconds)

    def statuses(self) -> list[EngineStatus]:
        """One row per engine."""
        return [_status(self.name, keeper) for keeper in self.keepers]

    def _may_run(self, fit: ContextFit | None) -> bool:
        """Whether an engine works or is being started that a job with this fit could run on."""
        alive = [keeper.info for keeper in self.keepers if not keeper.is_out]
        if fit is None or not fit.only:
            return bool(alive)
        return any(_fits(info, fit) for info in alive)

    def _on_change(self) -> None:
        if not self._may_run(None):
            self.line.fail_all(self._out_error("."))
        self._dispatch()
        self._tell()

    def _out_error(self, end: str) -> ModelUnavailableError:
        rests = [keeper.rest_seconds for keeper in self.keepers]
        return ModelUnavailableError(
            f"No engine of the model '{self.name}' works{end}",
            retry_after=min((rest for rest in rests if rest is not None), default=None),
        )

    def _dispatch(self) -> None:
        """Give every free place to whoever is next and fits it best."""
        if not len(self.line):
            return
        for waiter in self.line.ordered(asyncio.get_running_loop().time()):
            if waiter.lease.done():
                self.line.leave(waiter)
                continue
            lease = self._best_lease(waiter.prompt, waiter.origin, waiter.fit)
            if lease is not None:
                self.line.leave(waiter)
                waiter.lease.set_result(lease)
            elif waiter.fit is None or not waiter.fit.only:
                return
            elif not self._may_run(waiter.fit):
                self.line.leave(waiter)
                waiter.lease.set_exception(self._out_error("."))

    def _free_handles(self) -> list[WorkerHandle]:
        return [k.handle for k in self.keepers if k.handle is not None and k.handle.free_places > 0]

    def _best_lease(self, prompt: str, origin: Origin, fit: ContextFit | None) -> Lease | None:
        """A place on that one of the free engines that the prompt belongs to."""
        free = self._free_handles()
        if fit is not None and fit.only:
            free = [handle for handle in free if _fits(handle.info, fit)]
        best = best_candidate([_candidate(handle, origin, fit) for handle in free], prompt)
        if best is None:
            return None
        handle = free[best]
        if handle.info is None:
            return None
        return Lease(handle, handle.info, self.observer, self._note_job_seconds, origin)


def _slots(keeper: EngineKeeper) -> int:
    return keeper.info.slots if keeper.info else keeper.spec.slots


def _fits(info: EngineInfo | None, fit: ContextFit) -> bool:
    return info is not None and info.context_identity == fit.identity


def _candidate(handle: WorkerHandle, origin: Origin, fit: ContextFit | None) -> Candidate:
    return Candidate(
        handle.remembered,
        handle.prompt_length,
        handle.last_used,
        handle.free_places,
        keeps_others=handle.spec.slots > 1,
        is_own=bool(origin.room) and handle.last_origin.room == origin.room,
        has_key=bool(origin.key) and handle.last_origin.key == origin.key,
        loadable=fit.characters if fit is not None and _fits(handle.info, fit) else 0,
    )


def _status(model: str, keeper: EngineKeeper) -> EngineStatus:
    handle = keeper.handle
    return EngineStatus(
        name=keeper.spec.name,
        model=model,
        device=keeper.spec.device,
        state=keeper.state,
        problem=keeper.problem,
        slots=_slots(keeper),
        busy=handle.busy_places if handle and not handle.broken else 0,
        restarts=keeper.restarts,
        load_seconds=keeper.load_seconds,
        pid=handle.pid if handle and not handle.broken else None,
    )

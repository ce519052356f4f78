"""All engines of all models, with one beginning and one end."""

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from picoserve.errors import DrainingError, EngineFailedError, NotFoundError, PicoserveError
from picoserve.pool.keeper import EngineKeeper, EngineState, KeeperLimits
from picoserve.pool.lease import Lease
from picoserve.pool.line import LineLimits
from picoserve.pool.model_pool import EngineStatus, ModelPlan, ModelPool, Placement
from picoserve.pool.observer import PoolObserver


class Pool:
    """The models' pools under one roof, with one beginning and one end.

    Attributes:
        draining: No new work is taken.
        broken: Set once every engine rests after repeated deaths: nothing can be restored.
    """

    def __init__(
        self,
        models: Mapping[str, ModelPlan],
        *,
        line: LineLimits | None = None,
        limits: KeeperLimits | None = None,
    ) -> None:
        line, limits = line or LineLimits(), limits or KeeperLimits()
        self.models = {
            name: ModelPool(
                name,
                plan,
                line=line,
                limits=limits,
                on_change=self._on_change,
            )
            for name, plan in models.items()
        }
        self.draining = False
        self.broken = asyncio.Event()
        self._aborted = False
        self._answers: set[object] = set()

    async def __aenter__(self) -> Self:
        for keeper in self._keepers():
            keeper.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers()))

    @property
    def is_ready(self) -> bool:
        """True while every model has an engine that can run jobs, and new work is taken."""
        return not self.draining and all(model.is_ready for model in self.models.values())

    @property
    def is_idle(self) -> bool:
        """True while no answer is being made or read."""
        return not self._answers

    def watched_by(self, observer: PoolObserver) -> None:
        """Tell the observer of what happens from now on."""
        for model in self.models.values():
            model.observer = observer

    def restart(self, engine: str) -> None:
        """Start one engine afresh; the others go on.

        Raises:
            NotFoundError: There is no such engine.
        """
        for keeper in self._keepers():
            if keeper.spec.name == engine:
                keeper.restart()
                return
        raise NotFoundError(f"There is no engine '{engine[:200]}'.")

    def begin_answer(self, answer: object) -> None:
        """Take on a request: until it is answered it may use engines, also while draining.

        Raises:
            DrainingError: No new work is taken.
        """
        if self.draining:
            raise draining_error()
        self._answers.add(answer)

    def end_answer(self, answer: object) -> None:
        """The answer has been read to its end, or nobody wants it. Safe to call in any case."""
        self._answers.discard(answer)

    def drain(self) -> None:
        """Take no new answers from now on."""
        self.draining = True

    def abort(self) -> None:
        """Give up what is left: whoever waits or reads gets an error."""
        self._aborted = True
        for model in self.models.values():
            model.abort(draining_error())

    def loss_error(self) -> PicoserveError:
        """What to tell the reader of a job whose worker is gone for good."""
        if self._aborted:
            return draining_error()
        return EngineFailedError("The engine stopped working while generating this reply.")

    async def acquire(self, placement: Placement, prompt: str) -> Lease:
        """Wait in line for a place on the model's engines.

        Raises:
            DrainingError: The drain time is over.
            OverloadedError: The line is full.
            ModelUnavailableError: No engine of the model works or will.
        """
        if self._aborted:
            raise draining_error()
        return await self.models[placement.model].acquire(placement, prompt)

    def statuses(self) -> list[EngineStatus]:
        """One row per engine of every model."""
        return [row for model in self.models.values() for row in model.statuses()]

    def _on_change(self) -> None:
        states = [keeper.state for keeper in self._keepers()]
        if states and all(state is EngineState.RESTING for state in states):
            self.broken.set()

    def _keepers(self) -> Iterable[EngineKeeper]:
        return [keeper for model in self.models.values() for keeper in model.keepers]


def draining_error() -> DrainingError:
    """What to tell whoever is not served because the server ends."""
    return DrainingError("The server is shutting down.", retry_after=5.0)

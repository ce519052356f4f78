"""Having an engine read the beginning of a prompt and save its context in a file."""

from typing import Final

from picoserve.contexts.saved import SavedContext
from picoserve.contexts.store import ContextStore, Draft
from picoserve.engine.engine import FailureKind
from picoserve.errors import EngineFailedError, PicoserveError, UnsupportedValueError
from picoserve.generation import FinishReason, Job, Outcome, Sampling, Usage
from picoserve.pipeline.failures import error_from_failure
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.affinity import ContextFit
from picoserve.pool.lease import Lease
from picoserve.pool.line import Priority
from picoserve.pool.model_pool import Placement
from picoserve.pool.pool import Pool
from picoserve.pool.stream import WorkerLostError
from picoserve.worker.messages import Done, Failed

# Generating one token is the only way to have a prompt evaluated.
_ONE_TOKEN: Final = 1


class ContextSaving:
    """The saving of one context; whoever talks goes first.

    A worker that dies of it is not given a successor: that one would die of it too.

    Attributes:
        record: What is measured of it.
    """

    def __init__(self, pool: Pool, store: ContextStore, draft: Draft) -> None:
        self._pool = pool
        self._store = store
        self._draft = draft
        self._job = Job(
            draft.beginning, _ONE_TOKEN, sampling=Sampling(0.0), save_to=str(draft.file)
        )
        self.record = GenerationRecord(draft.model, self._job)

    async def run(self) -> SavedContext:
        """Run the draft's prompt on an engine and keep what it saves.

        Raises:
            PicoserveError: The prompt does not fit, the model cannot do it, no engine works, or
                there is no room for its file.
        """
        try:
            outcome = await self._on_engine()
            saved = await self._store.publish(self._draft, outcome.prompt_tokens)
        except PicoserveError as error:
            self.record.note_error(error)
            raise
        usage = Usage(outcome.prompt_tokens, outcome.completion_tokens, outcome.cached_tokens)
        self.record.note_finish(FinishReason.STOP, usage)
        return saved

    async def _on_engine(self) -> Outcome:
        fit = ContextFit(self._draft.identity, only=True)
        placement = Placement(self._draft.model, Priority.LOW, fit=fit)
        lease = await self._pool.acquire(placement, self._draft.beginning)
        try:
            self.record.note_place(lease.engine)
            return await self._outcome(lease)
        except WorkerLostError:
            raise EngineFailedError(
                "The engine stopped working while saving the context."
            ) from None
        finally:
            lease.release()

    async def _outcome(self, lease: Lease) -> Outcome:
        stream = lease.run(self._job)
        while True:
            for report in await stream.read():
                if isinstance(report, Done):
                    return report.outcome
                if isinstance(report, Failed):
                    if report.kind is FailureKind.UNSUPPORTED:
                        raise cannot_save(self._draft.model)
                    raise error_from_failure(report, lease, "messages")


def cannot_save(model: str) -> UnsupportedValueError:
    """What to say of a model whose engine saves no contexts."""
    return UnsupportedValueError(
        f"Unsupported value: 'model' lacks the capability 'saved contexts' ('{model}'): it needs "
        "a picoLLM model for text, with context caching.",
        param="model",
    )

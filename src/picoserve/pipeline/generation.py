"""One generation: wait in line, run on an engine, read the reply.

    line ──► lease ──► JobStream ──► TextOutput ──► events

An object with `read` and `close` rather than an async generator: closing is one plain call
that never awaits, so that a cancelled request cannot be cancelled again in its cleanup.
"""

from dataclasses import dataclass

from picoserve.errors import EngineFailedError
from picoserve.generation import (
    EngineFinish,
    Event,
    Finish,
    FinishReason,
    Job,
    Outcome,
    Started,
    TokenLogprob,
    Usage,
)
from picoserve.output.text import TextOutput
from picoserve.pipeline.failures import error_from_failure
from picoserve.pool.lease import Lease
from picoserve.pool.pool import Placement, Pool
from picoserve.pool.stream import JobReport, JobStream, WorkerLostError
from picoserve.worker.messages import Accepted, Done, Failed, Piece


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generation needs.

    Attributes:
        job: For the engine; its stop phrases are those of the template and of the caller.
        reply_lead: Text that a reply begins with and that no client wants to see.
        prompt_field: The request field that the prompt came from, for errors.
    """

    placement: Placement
    job: Job
    reply_lead: str = ""
    prompt_field: str = "messages"


class Generation:
    """One reply in the making."""

    def __init__(self, pool: Pool, plan: Plan) -> None:
        self._pool = pool
        self._plan = plan
        self._placement = plan.placement
        self._lease: Lease | None = None
        self._stream: JobStream | None = None
        self._output = self._new_output()
        self._started = False
        self._retried = False

    async def read(self) -> list[Event]:
        """The next events, at least one; the last of all is Finish.

        Raises:
            PicoserveError: The job cannot be done, or its engine failed.
        """
        events: list[Event] = []
        while not events:
            for report in await self._reports():
                events.extend(self._events(report))
        return events

    def close(self) -> None:
        """Give the engine back, or the place in line. Never awaits; safe to call twice."""
        if self._lease is not None:
            self._lease.release()

    async def _reports(self) -> list[JobReport]:
        while True:
            if self._stream is None:
                self._lease = await self._pool.acquire(self._placement, self._plan.job.prompt)
                self._stream = self._lease.run(self._plan.job)
            try:
                return await self._stream.read()
            except WorkerLostError:
                self._start_over(self._stream)

    def _start_over(self, stream: JobStream) -> None:
        """The worker died. Before the first piece another engine takes over, once."""
        self.close()
        if stream.has_pieces or self._retried:
            raise EngineFailedError("The engine stopped working while generating this reply.")
        self._retried = True
        self._stream = None
        self._placement = Placement(
            self._placement.model, priority=self._placement.priority, front=True
        )

    def _events(self, report: JobReport) -> list[Event]:
        match report:
            case Piece(data=data, tokens=tokens):
                return self._text(data, tokens)
            case Accepted(prompt_tokens=prompt_tokens):
                return self._start(prompt_tokens)
            case Done(outcome=outcome):
                return self._end(outcome)
            case Failed():
                self.close()
                raise error_from_failure(report, self._lease, self._plan.prompt_field)

    def _start(self, prompt_tokens: int | None) -> list[Event]:
        if self._started or self._lease is None:
            return []
        self._started = True
        return [Started(prompt_tokens, self._lease.engine)]

    def _text(self, data: bytes, tokens: tuple[TokenLogprob, ...]) -> list[Event]:
        delta = self._output.feed(data, tokens)
        if self._output.stopped and self._lease is not None:
            # Its last report brings the true counts.
            self._lease.interrupt()
        return [] if delta is None else [delta]

    def _end(self, outcome: Outcome) -> list[Event]:
        events = self._start(outcome.prompt_tokens)
        delta = self._output.finish(outcome.tail, outcome.tokens)
        if delta is not None:
            events.append(delta)
        usage = Usage(outcome.prompt_tokens, outcome.completion_tokens, outcome.cached_tokens)
        cut = outcome.finish is EngineFinish.LIMIT and not self._output.stopped
        events.append(Finish(FinishReason.LENGTH if cut else FinishReason.STOP, usage))
        if self._lease is not None:
            self._lease.remember(self._plan.job.prompt + self._plan.reply_lead + self._output.text)
        self.close()
        return events

    def _new_output(self) -> TextOutput:
        job = self._plan.job
        return TextOutput(
            job.stop, lead=self._plan.reply_lead, logprobs=job.top_logprobs is not None
        )

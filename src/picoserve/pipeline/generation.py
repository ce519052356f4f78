"""One generation: wait in line, run on an engine, read the reply, repair where it must be.

    line ──► lease ──► JobStream ──► Reply ──► events
                          ▲            │
                          └── again ───┘

What the engine says is read when it comes, whether or not somebody reads the events: a client
that takes its time holds its own answer, and no engine.

An object with `read` and `close` rather than an async generator: closing is one plain call
that never awaits, so that a cancelled request cannot be cancelled again in its cleanup.
"""

import asyncio
from dataclasses import replace
from typing import Final

from picoserve.engine.engine import FailureKind
from picoserve.generation import (
    EngineFinish,
    Event,
    Finish,
    FinishReason,
    Job,
    Outcome,
    PromptProgress,
    Started,
    Usage,
)
from picoserve.output.reply import ReplyState
from picoserve.pipeline.context_use import ContextUse
from picoserve.pipeline.failures import error_from_failure
from picoserve.pipeline.moves import Moves
from picoserve.pipeline.plan import Plan, reader_for
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.lease import Lease
from picoserve.pool.pool import Pool
from picoserve.pool.stream import JobReport, JobStream
from picoserve.worker.messages import Accepted, Done, Failed, Piece, Progress

# Other tokens that a repair may choose from; benchmarks/RESULTS-structured.md has the figures.
# They take time, so they are asked for once the model has gone wrong.
_REPAIR_CHOICES: Final = 40
# How long a reply that has ended waits for its engine to say so, which brings the true counts.
_MOMENT_SECONDS: Final = 0.5


class Generation:
    """One reply in the making.

    Attributes:
        record: What is measured of it.
    """

    def __init__(self, pool: Pool, plan: Plan) -> None:
        self._pool = pool
        self._plan = plan
        self.record = GenerationRecord(
            plan.placement.model, plan.job, is_structured=plan.reply is not None
        )
        self._context = ContextUse(plan.context, self.record)
        self._placement = plan.placement
        self._lease: Lease | None = None
        self._stream: JobStream | None = None
        self._reply = reader_for(plan)
        self._events: list[Event] = []
        self._failure: Exception | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._opening = self._reply.start()
        self._started = False
        self._moves = Moves(len(pool.models[plan.placement.model].keepers))
        self._spent = Usage(0, 0)
        self._calls = 0
        self._earlier_pieces = 0
        self._cached_tokens: int | None = None

    async def read(self) -> list[Event]:
        """The next events, at least one; the last of all is Finish.

        Raises:
            PicoserveError: The job cannot be done, or its engine failed.
        """
        while not self._events and self._failure is None:
            if self._lease is None:
                await self._begin()
            else:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
        # The text that came together with a failure is read before it.
        if self._failure is not None and not (self._events and self.record.pieces):
            raise self._failure
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Give the engine back, or the place in line. Never awaits; safe to call twice."""
        self._closed = True
        if self._settling is not None:
            self._settling.cancel()
        if self._lease is not None:
            self._lease.release()

    async def _begin(self) -> None:
        try:
            self._lease = await self._pool.acquire(self._placement, self._plan.job.context)
            self.record.note_place(self._lease.engine)
            self._run(self._lease)
        except Exception as error:
            self.record.note_error(error)
            raise

    def _run(self, lease: Lease) -> None:
        self._earlier_pieces = self.record.pieces
        job = self._context.with_file(self._next_job(), lease.info)
        self._stream = stream = lease.run(job)
        self._context.watch(stream, job)
        stream.listen(self._hear)

    def _hear(self, report: JobReport | None) -> None:
        """Take a report, or None when no more will come, or none came in time."""
        if self._closed:
            return
        try:
            self._take(report)
        except Exception as error:  # noqa: BLE001  # raised again where it is read
            self.record.note_error(error)
            self._failure = error
            self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _next_job(self) -> Job:
        """The job itself, or its continuation after a repair."""
        job = self._plan.job
        self._calls += 1
        self.record.calls += 1
        prefix = self._reply.prefix
        if self._calls > 1 or prefix:
            job = replace(job, prompt=job.prompt + prefix)
        if self._calls > 1 and job.sampling.seed is not None:
            # The same seed on every call could repeat the same wrong turn.
            seed = job.sampling.seed + self._calls - 1
            job = replace(job, sampling=replace(job.sampling, seed=seed))
        if self._calls > 1 and self._lease is not None:
            most = self._lease.info.max_top_logprobs
            job = replace(job, repair_choices=min(_REPAIR_CHOICES, most))
        if job.max_tokens is not None:
            job = replace(job, max_tokens=job.max_tokens - self._spent.completion_tokens)
        return job

    def _start_over(self) -> None:
        """The worker died. Before the first piece another engine may take over."""
        stream, lease = self._stream, self._lease
        if lease is not None:
            lease.release()
        if self._spent.completion_tokens or stream is None or not self._moves.use(stream):
            raise self._pool.loss_error()
        self.record.moved = True
        self._lease = self._stream = None
        self._calls = 0
        self._placement = replace(self._placement, front=True)

    def _take(self, report: JobReport | None) -> None:
        match report:
            case Piece():
                self._read(report)
            case Accepted(prompt_tokens=prompt_tokens, cached_tokens=cached_tokens, load=load):
                self._context.note(load)
                self._cached_tokens = cached_tokens
                self._start(prompt_tokens)
            case Progress(percent=percent):
                self._events.append(PromptProgress(percent))
            case Done(outcome=outcome):
                self._end_call(outcome)
            case None | Failed():
                self._fail(report)

    def _fail(self, failure: Failed | None) -> None:
        """The call has no last report, or one that says what went wrong."""
        if self._started and self._reply.state is ReplyState.DONE:
            # Nothing is missing but the engine's own counts.
            end, pieces = EngineFinish.INTERRUPTED, self.record.pieces - self._earlier_pieces
            self._end_call(Outcome(end, self.record.prompt_tokens, pieces, self._cached_tokens))
        elif failure is None:
            self._start_over()
        elif failure.kind is FailureKind.CONTEXT_LENGTH and self._calls > 1:
            # A repair has filled the context, which is nothing that the caller asked for.
            self._events += self._reply.close()
            self._finish(self._reply.finish_reason)
        else:
            raise error_from_failure(failure, self._lease, self._plan.prompt_field)

    def _read(self, piece: Piece) -> None:
        if self.record.first_piece is None:
            self.record.note_first_piece()
        self.record.pieces += 1
        if self._reply.state is ReplyState.GOING:
            self._events += self._reply.feed(piece.data, piece.tokens)
        if self._reply.state is not ReplyState.GOING:
            self._interrupt()

    def _start(self, prompt_tokens: int | None) -> None:
        if self._started or self._lease is None:
            return
        self._started = True
        self.record.note_start(prompt_tokens)
        self._events += [Started(prompt_tokens, self._lease.engine), *self._opening]
        if self._reply.state is ReplyState.DONE:
            self._interrupt()

    def _interrupt(self) -> None:
        """End the call. Its last report brings the true counts, and frees the engine."""
        if self._lease is not None:
            self._lease.interrupt()
        is_whole = self._reply.state is ReplyState.DONE and self._plan.job.top_logprobs is None
        if is_whole and self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_later(_MOMENT_SECONDS, self._hear, None)

    def _end_call(self, outcome: Outcome) -> None:
        self._start(outcome.prompt_tokens)
        self._spend(outcome)
        self._events += self._reply.end_call(outcome)
        limit = self._plan.job.max_tokens
        if self._reply.state is ReplyState.DONE:
            self._finish(self._reply.finish_reason)
        elif limit is not None and self._spent.completion_tokens >= limit:
            self._reply.cut()
            self._finish(self._reply.finish_reason)
        elif outcome.finish is EngineFinish.LIMIT:
            # The context is full, which the caller did not ask for: a document is made whole.
            self._events += self._reply.close()
            self._finish(self._reply.finish_reason)
        elif self._lease is not None:
            self._run(self._lease)

    def _spend(self, outcome: Outcome) -> None:
        """Count what the engine evaluated: the first call's prompt, every call's tokens."""
        first = self._spent.prompt_tokens == 0
        self._spent = Usage(
            prompt_tokens=outcome.prompt_tokens if first else self._spent.prompt_tokens,
            completion_tokens=self._spent.completion_tokens + outcome.completion_tokens,
            cached_tokens=outcome.cached_tokens if first else self._spent.cached_tokens,
        )

    def _finish(self, reason: FinishReason) -> None:
        record = self.record
        tally = self._reply.tally
        record.repairs, record.closes = tally.repairs, tally.closes
        record.forced_bytes, record.misses = tally.forced_bytes, tally.misses
        timings = record.note_finish(reason, self._spent)
        self._events.append(Finish(reason, self._spent, timings=timings))
        if self._lease is not None:
            job, lead, reply = self._plan.job, self._plan.reply_lead, self._reply.prefix
            if not reply.startswith(lead):
                # The next prompt has it, whether or not this engine has told it.
                reply = lead + reply
            record.text = job.prompt + reply
            self._lease.remember(job.context + reply)
        self.close()

"""What is measured of one generation, for the log line, the metrics and the answer's timings."""

from dataclasses import dataclass, field
from time import perf_counter

from picoserve.errors import PicoserveError
from picoserve.generation import ContextLoad, FinishReason, Job, Timings, Usage
from picoserve.pool.prompt_size import estimated_tokens


@dataclass(slots=True)
class GenerationRecord:
    """Filled by the generation as it goes; read when the request is over.

    Moments are seconds of `time.perf_counter`, None for what has not happened. Only the first
    piece and the end are timed, never a token.

    Attributes:
        job: What was asked for, before any repair.
        placed: When an engine was found; with a second engine, the last time.
        usage: Set at the end only.
        calls: Calls of the engine; more than one where a reply was continued after a repair.
        repairs: Places where the reply was made legal.
        forced_bytes: Bytes of it that were put in because nothing else was legal.
        closes: Documents in it that were ended without the engine.
        misses: Documents in it that break a schema which was not strict.
        moved: The first engine died and another one took over.
        prompt_tokens: The prompt's, once the engine has begun to read it.
        pieces: Pieces of the reply so far, as a rule a token each.
        error: The error's code or type, "" without an error.
        limit: The setting that the error names as exceeded, "" for none.
        text: Prompt and reply as the engine knows them, set at the end only.
        load: What came of loading a saved context, where it was tried.
    """

    model: str
    job: Job
    queued: float = field(default_factory=perf_counter)
    placed: float | None = None
    first_piece: float | None = None
    finished: float | None = None
    engine: str = ""
    finish: FinishReason | None = None
    usage: Usage | None = None
    prompt_tokens: int = 0
    pieces: int = 0
    calls: int = 0
    repairs: int = 0
    forced_bytes: int = 0
    closes: int = 0
    misses: int = 0
    is_structured: bool = False
    moved: bool = False
    error: str = ""
    limit: str = ""
    text: str = ""
    load: ContextLoad | None = None

    @property
    def wait_seconds(self) -> float | None:
        """Time in the line."""
        return None if self.placed is None else self.placed - self.queued

    @property
    def prefill_seconds(self) -> float | None:
        """From the engine's being found to the first piece."""
        if self.placed is None or self.first_piece is None:
            return None
        return self.first_piece - self.placed

    @property
    def decode_seconds(self) -> float | None:
        """From the first piece to the end."""
        if self.finished is None or self.first_piece is None:
            return None
        return self.finished - self.first_piece

    @property
    def seconds_per_token(self) -> float | None:
        """Mean time of a token after the first; None where there is no such token."""
        if self.usage is None or self.decode_seconds is None:
            return None
        more = self.usage.completion_tokens - 1
        return self.decode_seconds / more if more > 0 else None

    def note_place(self, engine: str) -> None:
        """An engine was found."""
        self.engine, self.placed = engine, perf_counter()

    def note_start(self, prompt_tokens: int | None) -> None:
        """The engine has begun with the prompt; not every engine says how long it is."""
        if prompt_tokens is None:
            prompt_tokens = estimated_tokens(self.job.prompt)
        self.prompt_tokens = prompt_tokens

    def note_first_piece(self) -> None:
        """The engine has begun to answer."""
        self.first_piece = perf_counter()

    def note_error(self, error: Exception) -> None:
        """The reply cannot be made, or not to its end."""
        known = error if isinstance(error, PicoserveError) else PicoserveError("")
        self.error, self.limit = known.code or known.type, known.limit

    def note_finish(self, reason: FinishReason, usage: Usage) -> Timings:
        """The reply is whole. Returns the times of its parts."""
        now = self.finished = perf_counter()
        self.finish, self.usage = reason, usage
        placed = self.queued if self.placed is None else self.placed
        first = now if self.first_piece is None else self.first_piece
        return Timings(
            wait_seconds=placed - self.queued,
            prompt_seconds=max(0.0, first - placed),
            reply_seconds=now - first,
        )

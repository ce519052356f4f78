"""Documents written by an engine in this process: the server's own way, without pool and HTTP."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.silent_sink import SilentSink
from typing_extensions import override

from picoserve.constraint import GrammarCache
from picoserve.constraint.plan import DocumentPlan
from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.generation import EngineFinish, Job, Outcome, TextDelta, TokenLogprob
from picoserve.openai_api.chat import ChatRequest
from picoserve.output.document import DocumentReply
from picoserve.output.reply import ReplyState
from picoserve.prompt.chat import ChatWork, chat_work
from picoserve.prompt.served_model import ServedModel

CACHE = GrammarCache()
ALTERNATIVES = 40


@dataclass
class Written:
    """A document and what it took."""

    text: str
    seconds: float
    calls: int
    tokens: int
    repairs: int
    closed: bool
    cut: bool


def load_engine(path: Path) -> LlamaCppEngine:
    """The GGUF file on one CPU thread."""
    spec = EngineSpec(EngineKind.LLAMACPP, "bench", str(path), "cpu:1", context_length=2048)
    return LlamaCppEngine(spec)


def form_work(engine: LlamaCppEngine, prompt: str, schema: object, **fields: Any) -> ChatWork:
    """The job and the plan that a request for this schema comes to."""
    wanted = {"name": "answer", "schema": schema, "strict": True}
    request = ChatRequest.model_validate(
        {
            "model": "m",
            "messages": [{"role": "user", "content": prompt}],
            "response_format": {"type": "json_schema", "json_schema": wanted},
            **fields,
        }
    )
    model = ServedModel("m", EngineKind.LLAMACPP, "m.gguf")
    return chat_work(request, model, engine.info, CACHE)


def write_document(
    engine: LlamaCppEngine,
    work: ChatWork,
    job: Job,
    *,
    alternatives: int = ALTERNATIVES,
    since: int = 2,
) -> Written:
    """Speculate and repair, call by call, as the pipeline does.

    Args:
        work: What `form_work` returned.
        job: Its job, with the sampling of this document.
        alternatives: Other tokens to ask for.
        since: The first call that they are asked for.
    """
    if not isinstance(work.reply, DocumentPlan):
        raise TypeError("no schema was asked for")
    start = time.perf_counter()
    reply = DocumentReply(work.reply.grammar, job.stop)
    sink = _Sink(reply)
    sink.note(reply.start())
    calls = tokens = 0
    cut = False
    while not (_is_done(reply) or cut):
        calls += 1
        top = alternatives if calls >= since else 0
        outcome = engine.generate(_next_call(job, reply.prefix, calls, tokens, top), sink)
        tokens += outcome.completion_tokens
        sink.note(reply.end_call(outcome))
        cut = not _is_done(reply) and _is_spent(job, outcome, tokens)
    seconds = time.perf_counter() - start
    tally = reply.tally
    return Written("".join(sink.text), seconds, calls, tokens, tally.repairs, tally.closes > 0, cut)


def _is_done(reply: DocumentReply) -> bool:
    return reply.state is ReplyState.DONE


def _next_call(job: Job, prefix: str, calls: int, tokens: int, alternatives: int) -> Job:
    job = replace(job, prompt=job.prompt + prefix)
    if job.max_tokens is not None:
        job = replace(job, max_tokens=job.max_tokens - tokens)
    seed = None if job.sampling.seed is None else job.sampling.seed + calls - 1
    sampling = replace(job.sampling, seed=seed)
    return replace(job, sampling=sampling, repair_choices=alternatives)


def _is_spent(job: Job, outcome: Outcome, tokens: int) -> bool:
    limited = job.max_tokens is not None and tokens >= job.max_tokens
    return limited or outcome.finish is EngineFinish.LIMIT


class _Sink(SilentSink):
    """Takes pieces until the reply has enough."""

    def __init__(self, reply: DocumentReply) -> None:
        self.text: list[str] = []
        self._reply = reply

    @property
    @override
    def cancelled(self) -> bool:
        """Whether the reply wants no more."""
        return self._reply.state is not ReplyState.GOING

    @override
    def piece(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> None:
        """Read a piece."""
        self.note(self._reply.feed(data, tokens))

    def note(self, events: Sequence[object]) -> None:
        """Keep what a client would see."""
        self.text += [event.text for event in events if isinstance(event, TextDelta)]

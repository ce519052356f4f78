"""Checks that need a running engine: one worker is started, and does a few jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Final, TypeAlias

from picoserve.app.findings import Finding, fail, note, ok
from picoserve.constraint import GrammarCache
from picoserve.engine.engine import Capability, EngineInfo, EngineSpec
from picoserve.generation import Image, Job, Outcome, Sampling
from picoserve.openai_api.chat import ChatRequest
from picoserve.pool.keeper import EngineKeeper, EngineState, KeeperLimits
from picoserve.pool.lease import Lease
from picoserve.pool.line import LineLimits
from picoserve.pool.model_pool import ModelPlan, ModelPool, Placement
from picoserve.pool.stream import WorkerLostError
from picoserve.prompt.chat import chat_work
from picoserve.prompt.served_model import ServedModel
from picoserve.worker.messages import Done, Failed, Piece

_NEVER_SECONDS: Final = 86_400.0
_SPEED_TOKENS: Final = 48
_SLOW_INTERRUPT_SECONDS: Final = 1.0
_LONG_TEXT: Final = "The guests came late and the rain had not stopped since the morning. "
_MOST_SENTENCES: Final = 200
_GREEDY: Final = Sampling(temperature=0.0)


@dataclass(frozen=True, slots=True)
class _Run:
    """One job's times, in seconds from its start."""

    first: float | None
    end: float
    outcome: Outcome


class _JobFailedError(Exception):
    """A test job failed; the message says why."""


async def check_engine(
    model: ServedModel, spec: EngineSpec, limits: KeeperLimits
) -> AsyncIterator[Finding]:
    """Start the engine once and try everything on it."""
    changed = asyncio.Event()
    models = ModelPool(
        model.name,
        ModelPlan([spec]),
        line=LineLimits(max_jobs=1, max_seconds=limits.load_seconds),
        limits=limits,
        on_change=changed.set,
    )
    [keeper] = models.keepers
    keeper.start()
    try:
        async for finding in _findings(model, models, keeper, changed):
            yield finding
    finally:
        await keeper.stop()


async def _findings(
    model: ServedModel, models: ModelPool, keeper: EngineKeeper, changed: asyncio.Event
) -> AsyncIterator[Finding]:
    began = perf_counter()
    await _until(changed, lambda: keeper.state is not EngineState.LOADING)
    info = keeper.info
    if info is None:
        yield fail("engine", keeper.problem, "mend this first; the message says what is wrong")
        return
    seconds = perf_counter() - began
    engine = f"'{info.model}' on {info.device} with {info.version}"
    yield ok("engine", f"{engine}, loaded in {seconds:.1f} s")
    if info.can(Capability.GENERATION):
        yield _template(model, info)
    for name, check in _CHECKS[info.capabilities[-1]].items():
        lease = await models.acquire(Placement(model.name), "")
        try:
            yield await check(lease, model, info)
        except _JobFailedError as error:
            yield fail(name, str(error), "without this no request will be answered")
            return
        finally:
            lease.release()
        await _until(changed, lambda: models.is_idle)


def one_start(limits: KeeperLimits) -> KeeperLimits:
    """The same patience, but no second start: each may cost an activation."""
    return KeeperLimits(
        load_seconds=limits.load_seconds,
        interrupt_seconds=limits.interrupt_seconds,
        backoff_seconds=_NEVER_SECONDS,
        max_backoff_seconds=_NEVER_SECONDS,
        watch=limits.watch,
    )


async def _until(changed: asyncio.Event, claim: Callable[[], bool]) -> None:
    while not claim():
        changed.clear()
        await changed.wait()


def _template(model: ServedModel, info: EngineInfo) -> Finding:
    template = model.template(info)
    if model.template_problem:
        return note(
            "template",
            f"the file's own cannot be used ({model.template_problem}); '{template.name}' is",
            "set chat_template to a family's name or a Jinja file",
        )
    if template.name == "plain":
        return note(
            "template",
            f"no chat template is known for '{info.model}'; the plain one is used",
            "set chat_template to a family's name or a Jinja file",
        )
    return ok("template", f"'{template.name}'")


async def _run(lease: Lease, job: Job) -> _Run:
    """Run a job; `interrupt` it after its first piece where the job has no limit."""
    began = perf_counter()
    first: float | None = None
    stream = lease.run(job)
    while True:
        try:
            reports = await stream.read()
        except WorkerLostError:
            raise _JobFailedError("the worker died") from None
        for report in reports:
            match report:
                case Piece() if first is None:
                    first = perf_counter() - began
                    if job.max_tokens is None:
                        lease.interrupt()
                case Failed():
                    raise _JobFailedError(report.message)
                case Done():
                    return _Run(first, perf_counter() - began, report.outcome)
                case _:
                    pass


async def _speed(lease: Lease, model: ServedModel, info: EngineInfo) -> Finding:
    body = ChatRequest.model_validate(
        {"model": model.name, "messages": [{"role": "user", "content": "Tell me a story."}]}
    )
    [job] = chat_work(body, model, info, GrammarCache()).jobs
    sampled = Job(job.prompt, _SPEED_TOKENS, job.stop, _GREEDY)
    run = await _run(lease, sampled)
    tokens = run.outcome.completion_tokens
    if run.first is None or not tokens:
        return fail(
            "generation",
            "the model answered nothing to a test question",
            "check chat_template and the model file",
        )
    text = f"{tokens} tokens, the first after {run.first * 1000:.0f} ms"
    if tokens > 1 and run.end > run.first:
        text += f", then {(tokens - 1) / (run.end - run.first):.1f} tokens/s"
    return ok("generation", text)


async def _interrupt(lease: Lease, _: ServedModel, info: EngineInfo) -> Finding:
    image = _PICTURE if info.can(Capability.VISION) else None
    run = await _run(lease, Job("1 2 3 4 5 6 7 8 9 10 11 12 13", None, (), _GREEDY, image=image))
    seconds = run.end - (run.first or run.end)
    text = f"{seconds * 1000:.0f} ms from the interrupt to the end of the job"
    if seconds > _SLOW_INTERRUPT_SECONDS:
        return note("interrupt", text, "callers who interrupt will wait; a faster device helps")
    return ok("interrupt", text)


async def _cache(lease: Lease, _: ServedModel, info: EngineInfo) -> Finding:
    if not info.context_cache:
        return note("context cache", "off", "leave context_cache on where the model supports it")
    # As many characters as the context has tokens: about a quarter of it.
    prompt = _LONG_TEXT * max(1, min(_MOST_SENTENCES, info.context_length // len(_LONG_TEXT)))
    first = await _run(lease, Job(prompt, 1, (), _GREEDY))
    again = await _run(lease, Job(prompt + "Then", 1, (), _GREEDY))
    gain = first.end / max(again.end, 1e-6)
    text = (
        f"{first.outcome.prompt_tokens} tokens in {first.end * 1000:.0f} ms, "
        f"again with a few more in {again.end * 1000:.0f} ms ({gain:.1f} times as fast)"
    )
    return ok("context cache", text)


async def _embedding(lease: Lease, _: ServedModel, _info: EngineInfo) -> Finding:
    run = await _run(lease, Job("The guests came late.", embed=True))
    size = len(run.outcome.embedding) // 4
    return ok("embedding", f"{size} numbers in {run.end * 1000:.0f} ms")


async def _image(lease: Lease, _: ServedModel, info: EngineInfo) -> Finding:
    prompt = "Describe this image." if info.can(Capability.VISION) else ""
    run = await _run(lease, Job(prompt, _SPEED_TOKENS, (), _GREEDY, image=_PICTURE))
    first = run.end if run.first is None else run.first
    text = f"{run.outcome.completion_tokens} tokens about a grey picture of {_SIDE} x {_SIDE}"
    return ok("image", f"{text} pixels, the first after {first * 1000:.0f} ms")


_SIDE: Final = 256
_PICTURE: Final = Image(_SIDE, _SIDE, b"\x80" * (_SIDE * _SIDE * 3), "grey")

_Checks: TypeAlias = Mapping[str, Callable[[Lease, ServedModel, EngineInfo], Awaitable[Finding]]]
_CHECKS: Final[Mapping[Capability, _Checks]] = {
    Capability.GENERATION: {
        "generation": _speed,
        "interrupt": _interrupt,
        "context cache": _cache,
    },
    Capability.EMBEDDINGS: {"embedding": _embedding},
    Capability.VISION: {"image": _image, "interrupt": _interrupt},
    Capability.OCR: {"image": _image},
}

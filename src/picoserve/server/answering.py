"""From jobs to a response: errors first, then a stream or one JSON object.

A stream's status is decided by its first event. If that takes longer than `commit_seconds`
(every engine is busy, or the prompt is long) the 200 is committed and comments flow: voice
clients give up after a few silent seconds. One that gives up sooner gets both sooner.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence

from fastapi import Request
from starlette.responses import Response

from picoserve.errors import UnsupportedValueError
from picoserve.openai_api.answer import Fold, StreamEncoder
from picoserve.pipeline.choices import Choices
from picoserve.pipeline.plan import Plan
from picoserve.server.disconnect import settled_or_gone, until_disconnect
from picoserve.server.request_facts import facts_of
from picoserve.server.sse import stream_response
from picoserve.server.state import ServerState


async def answer_stream(
    request: Request,
    state: ServerState,
    plans: Sequence[Plan],
    encoder: StreamEncoder,
    headers: Mapping[str, str],
) -> Response:
    """A streaming answer, or the error that came before it."""
    pause = longest_silence(request)
    choices = _choices(request, state, plans)
    first = asyncio.ensure_future(choices.read())
    try:
        await settled_or_gone(request, first, min(state.limits.commit_seconds, pause))
        if first.done():
            first.result()
    except BaseException:
        first.cancel()
        choices.close()
        raise
    return stream_response(
        choices,
        first,
        encoder,
        ping_seconds=min(state.limits.ping_seconds, pause),
        headers=headers,
    )


async def answer_json(
    request: Request,
    state: ServerState,
    plans: Sequence[Plan],
    fold: Fold,
    headers: Mapping[str, str],
) -> Response:
    """A whole answer: the fold of the events that a stream would have carried."""
    choices = _choices(request, state, plans)
    try:
        await until_disconnect(request, _fold(choices, fold))
    finally:
        choices.close()
    return Response(fold.result(), headers=headers, media_type="application/json")


def _choices(request: Request, state: ServerState, plans: Sequence[Plan]) -> Choices:
    _check_room(state, plans)
    facts = facts_of(request.scope)
    facts.reserve_tokens(
        {plan.job.prompt for plan in plans}, sum(plan.job.max_tokens or 0 for plan in plans)
    )
    choices = Choices(state.pool, plans)
    facts.records = choices.records
    return choices


def _check_room(state: ServerState, plans: Sequence[Plan]) -> None:
    """Refuse what the line could not hold if it were empty. Raises UnsupportedValueError."""
    prompts = [plan.job.prompt for plan in plans]
    if state.pool.models[plans[0].placement.model].could_hold(prompts):
        return
    field = "n" if len(set(prompts)) < len(prompts) else plans[0].prompt_field
    raise UnsupportedValueError(
        f"Unsupported value: '{field}' asks for {len(plans)} answers, more than this server can "
        "run and keep waiting at a time.",
        param=field,
    )


async def _fold(choices: Choices, fold: Fold) -> None:
    while choices.is_open:
        fold.add(await choices.read())


def longest_silence(request: Request) -> float:
    """A third of the client's read timeout; for ever where it names none."""
    try:
        timeout = float(request.headers.get("x-stainless-read-timeout", ""))
    except ValueError:
        return math.inf
    return max(timeout / 3, 0.1) if timeout > 0 else math.inf

"""`POST /v1/chat/completions`."""

import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from picoserve.generation import Job
from picoserve.openai_api.answer import AnswerHead
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.chat_encoder import ChatFold, ChatStreamEncoder
from picoserve.openai_api.sampling import SamplingFields
from picoserve.openai_api.validation import parse_body
from picoserve.pipeline.plan import Plan
from picoserve.server.answering import answer_json, answer_stream
from picoserve.server.body import read_body
from picoserve.server.chat_preparation import prepared_work, with_image
from picoserve.server.context_lookup import context_of, fit_of
from picoserve.server.direct_route import DirectRoute
from picoserve.server.model_lookup import ready_model
from picoserve.server.placement import placement_for
from picoserve.server.request_facts import facts_of
from picoserve.server.state import ServerState, State
from picoserve.server.unknown_fields import ignored_fields, ignored_header

router = APIRouter(route_class=DirectRoute)


@router.post("/v1/chat/completions")
async def create_chat_completion(request: Request, state: State) -> Response:
    """Answer a conversation."""
    answer = await _answer(request, state)
    return await answer()


async def _answer(request: Request, state: ServerState) -> Callable[[], Awaitable[Response]]:
    """What is left to do once the request is understood: its body need not be kept meanwhile."""
    body = parse_body(ChatRequest, await read_body(request, state.limits))
    ignored = ignored_fields(body, state.limits.unknown_fields)
    facts = facts_of(request.scope)
    model, info = ready_model(state, body.model, facts)
    work = await prepared_work(request, state, body, model, info)
    work = await with_image(request, state, work)
    context = context_of(state, model.name, body.prompt_cache_key, work.jobs[0].prompt)
    placement = placement_for(
        request,
        model.name,
        service_tier=body.service_tier,
        priority=body.priority,
        key=body.prompt_cache_key or body.user,
        fit=fit_of(context),
    )
    plans = [
        Plan(
            placement,
            job,
            work.user_stop,
            work.reply,
            work.reply_lead,
            work.thoughts,
            context=context,
        )
        for job in work.jobs
    ]
    head = answer_head("chatcmpl", body, work.jobs, legacy_functions=work.tooling.is_legacy)
    headers = ignored_header(sorted({*ignored, *work.unused}))
    if body.stream:
        return partial(answer_stream, request, state, plans, ChatStreamEncoder(head), headers)
    return partial(answer_json, request, state, plans, ChatFold(head), headers)


def answer_head(
    prefix: str, body: SamplingFields, jobs: list[Job], *, legacy_functions: bool = False
) -> AnswerHead:
    """The identity of a new answer."""
    options = body.stream_options
    return AnswerHead(
        id=f"{prefix}-{secrets.token_urlsafe(18)}",
        created=int(time.time()),
        model=body.model,
        choices=len(jobs),
        prompts=len(jobs) // (body.n or 1),
        include_usage=bool(options and options.include_usage),
        top_logprobs=jobs[0].top_logprobs,
        timings=body.timings is True,
        legacy_functions=legacy_functions,
    )

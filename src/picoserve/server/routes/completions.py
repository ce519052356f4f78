"""`POST /v1/completions`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from picoserve.openai_api.completions import CompletionRequest
from picoserve.openai_api.completions_encoder import CompletionFold, CompletionStreamEncoder
from picoserve.openai_api.validation import parse_body
from picoserve.pipeline.plan import Plan
from picoserve.prompt.completions import completion_jobs
from picoserve.server.answering import answer_json, answer_stream
from picoserve.server.body import read_body
from picoserve.server.direct_route import DirectRoute
from picoserve.server.model_lookup import ready_model
from picoserve.server.placement import placement_for
from picoserve.server.request_facts import facts_of
from picoserve.server.routes.chat import answer_head
from picoserve.server.state import State
from picoserve.server.unknown_fields import ignored_fields, ignored_header

router = APIRouter(route_class=DirectRoute)


@router.post("/v1/completions")
async def create_completion(request: Request, state: State) -> Response:
    """Continue a text."""
    body = parse_body(CompletionRequest, await read_body(request, state.limits))
    ignored = ignored_fields(body, state.limits.unknown_fields)
    facts = facts_of(request.scope)
    model, info = ready_model(state, body.model, facts)
    jobs = completion_jobs(body, model, info)
    placement = placement_for(
        request,
        model.name,
        service_tier=body.service_tier,
        priority=body.priority,
        key=body.user,
    )
    plans = [Plan(placement, job, prompt_field="prompt") for job in jobs]
    head = answer_head("cmpl", body, jobs)
    facts.prompts = head.prompts
    headers = ignored_header(ignored)
    if body.stream:
        return await answer_stream(request, state, plans, CompletionStreamEncoder(head), headers)
    return await answer_json(request, state, plans, CompletionFold(head), headers)

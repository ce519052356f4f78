"""Tokens without generating: `/tokenize`, `.../input_tokens` and `.../render`."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.tokens import TokenizeRequest, input_tokens_answer, tokens_answer
from picoserve.openai_api.validation import parse_body
from picoserve.pipeline.tokens import token_ids
from picoserve.prompt.limits import check_certain_overflow
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.text import checked_text
from picoserve.server.body import read_body
from picoserve.server.chat_preparation import prepared_work
from picoserve.server.disconnect import until_disconnect
from picoserve.server.model_lookup import ready_model
from picoserve.server.request_facts import facts_of
from picoserve.server.state import ServerState, State
from picoserve.server.unknown_fields import ignored_fields, ignored_header

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A chat request as the engine would read it, and headers for the answer."""

    model: ServedModel
    info: EngineInfo
    job: Job
    headers: Mapping[str, str]


@router.post("/tokenize")
async def tokenize(request: Request, state: State) -> Response:
    """Token ids of a prompt, or of messages with the chat template applied."""
    raw = await read_body(request, state.limits)
    body = parse_body(TokenizeRequest, raw)
    if body.is_chat:
        chat = await _rendered(request, raw, state)
        model, info, prompt, field = chat.model, chat.info, chat.job.prompt, "messages"
        headers = chat.headers
    else:
        headers = ignored_header(ignored_fields(body, state.limits.unknown_fields))
        model, info = ready_model(state, body.model, facts_of(request.scope))
        prompt, field = checked_text(body.text, "prompt"), "prompt"
        check_certain_overflow(prompt, info, field)
    ids = await until_disconnect(request, token_ids(state.pool, model.name, prompt, field))
    answer = tokens_answer(ids, info.context_length)
    return JSONResponse(answer, headers=headers)


@router.post("/v1/chat/completions/input_tokens")
async def count_input_tokens(request: Request, state: State) -> Response:
    """How many tokens the engine would read for this chat request."""
    raw = await read_body(request, state.limits)
    chat = await _rendered(request, raw, state)
    counting = token_ids(state.pool, chat.model.name, chat.job.prompt, "messages")
    ids = await until_disconnect(request, counting)
    return JSONResponse(input_tokens_answer(len(ids)), headers=chat.headers)


@router.post("/v1/chat/completions/render")
async def render(request: Request, state: State) -> Response:
    """The prompt of this chat request, chat template applied, and what would end the reply."""
    raw = await read_body(request, state.limits)
    chat = await _rendered(request, raw, state)
    answer = {"model": chat.model.name, "prompt": chat.job.prompt, "stop": list(chat.job.stop)}
    return JSONResponse(answer, headers=chat.headers)


async def _rendered(request: Request, raw: bytes, state: ServerState) -> _Rendered:
    body = parse_body(ChatRequest, raw)
    ignored = ignored_fields(body, state.limits.unknown_fields)
    model, info = ready_model(state, body.model, facts_of(request.scope))
    work = await prepared_work(request, state, body, model, info)
    headers = ignored_header(sorted({*ignored, *work.unused}))
    return _Rendered(model, info, work.jobs[0], headers)

"""Tokens without generating: `/tokenize`, `.../input_tokens` and `.../render`."""

from dataclasses import dataclass

from fastapi import APIRouter, Request

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
from picoserve.server.model_lookup import ready_model
from picoserve.server.request_facts import facts_of
from picoserve.server.state import ServerState, State

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A chat request as the engine would read it."""

    model: ServedModel
    info: EngineInfo
    job: Job


@router.post("/tokenize")
async def tokenize(request: Request, state: State) -> dict[str, object]:
    """Token ids of a prompt, or of messages with the chat template applied."""
    raw = await read_body(request, state.limits)
    body = parse_body(TokenizeRequest, raw)
    if body.is_chat:
        chat = await _rendered(request, raw, state)
        model, info, prompt, field = chat.model, chat.info, chat.job.prompt, "messages"
    else:
        model, info = ready_model(state, body.model, facts_of(request.scope))
        prompt, field = checked_text(body.text, "prompt"), "prompt"
        check_certain_overflow(prompt, info, field)
    ids = await token_ids(state.pool, model.name, prompt, field)
    return tokens_answer(ids if info.token_ids else None, len(ids), info.context_length)


@router.post("/v1/chat/completions/input_tokens")
async def count_input_tokens(request: Request, state: State) -> dict[str, object]:
    """How many tokens the engine would read for this chat request."""
    raw = await read_body(request, state.limits)
    chat = await _rendered(request, raw, state)
    ids = await token_ids(state.pool, chat.model.name, chat.job.prompt, "messages")
    return input_tokens_answer(len(ids))


@router.post("/v1/chat/completions/render")
async def render(request: Request, state: State) -> dict[str, object]:
    """The prompt of this chat request, chat template applied, and what would end the reply."""
    raw = await read_body(request, state.limits)
    chat = await _rendered(request, raw, state)
    return {"model": chat.model.name, "prompt": chat.job.prompt, "stop": list(chat.job.stop)}


async def _rendered(request: Request, raw: bytes, state: ServerState) -> _Rendered:
    body = parse_body(ChatRequest, raw)
    model, info = ready_model(state, body.model, facts_of(request.scope))
    work = await prepared_work(request, state, body, model, info)
    return _Rendered(model, info, work.jobs[0])

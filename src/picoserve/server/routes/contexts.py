"""`/v1/contexts`: the beginnings of prompts, read once and saved for every engine."""

from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from picoserve.contexts.saved import SavedContext
from picoserve.contexts.store import ContextStore
from picoserve.errors import NotFoundError
from picoserve.openai_api.contexts import PROMPT_FIELDS, ContextCard, ContextRequest, context_list
from picoserve.openai_api.validation import parse_body
from picoserve.pipeline.context_saving import ContextSaving, cannot_save
from picoserve.prompt.context import context_prompt
from picoserve.prompt.turns_from_chat import unused_by_turns
from picoserve.server.body import read_body
from picoserve.server.chat_preparation import at_desk
from picoserve.server.disconnect import until_disconnect
from picoserve.server.model_lookup import ready_model
from picoserve.server.read_route import ReadRoute
from picoserve.server.request_facts import facts_of
from picoserve.server.state import ServerState, State
from picoserve.server.unknown_fields import ignored_fields, ignored_header

router = APIRouter(route_class=ReadRoute)


@router.post("/v1/contexts")
async def create_context(request: Request, state: State) -> Response:
    """Read and save what every conversation with these first messages begins with."""
    store = _store(state)
    body = parse_body(ContextRequest, await read_body(request, state.limits))
    ignored = ignored_fields(body, state.limits.unknown_fields)
    unused = body.model_fields_set - PROMPT_FIELDS - {"name"}
    headers = ignored_header(sorted({*ignored, *unused, *unused_by_turns(body.messages)}))
    facts = facts_of(request.scope)
    model, info = ready_model(state, body.model, facts)
    identities = state.pool.models[model.name].context_identities
    if not identities:
        raise cannot_save(model.name)
    work = partial(context_prompt, body, model, info, state.grammars)
    beginning = await at_desk(request, state, work)
    saved = store.find(model.name, body.name)
    if saved is None or not _serves(saved, beginning, identities[0]):
        facts.reserve_tokens([beginning])
        draft = store.begin(model.name, body.name, beginning, identities[0])
        saving = ContextSaving(state.pool, store, draft)
        facts.records = [saving.record]
        try:
            saved = await until_disconnect(request, saving.run())
        finally:
            store.discard(draft)
    return JSONResponse(_card(state, saved).json(), headers=headers)


@router.get("/v1/contexts")
async def list_contexts(state: State) -> dict[str, object]:
    """Every saved context, oldest first."""
    return context_list([_card(state, saved) for saved in _store(state).all()])


@router.get("/v1/contexts/{context_id}")
async def get_context(context_id: str, state: State) -> dict[str, object]:
    """One saved context."""
    return _card(state, _store(state).get(context_id)).json()


@router.delete("/v1/contexts/{context_id}")
async def delete_context(context_id: str, state: State) -> dict[str, object]:
    """Remove a saved context and its file."""
    await _store(state).delete(context_id)
    return {"id": context_id, "object": "context", "deleted": True}


def _store(state: ServerState) -> ContextStore:
    if state.contexts is None:
        raise NotFoundError(
            "Contexts are not saved on this server: its configuration has no contexts.folder."
        )
    return state.contexts


def _serves(saved: SavedContext, beginning: str, identity: str) -> bool:
    """Whether what is there already is what is asked for."""
    return saved.record.holds(beginning) and saved.file_for(identity) is not None


def _card(state: ServerState, saved: SavedContext) -> ContextCard:
    record = saved.record
    card = ContextCard(
        record.id,
        record.created,
        record.model,
        record.name,
        record.prompt_tokens,
        record.bytes,
        status="broken" if record.problem else "ready",
        problem=record.problem,
    )
    if saved.is_broken or _has_engine(state, saved):
        return card
    problem = "It is of another model file, library or kind of device. Save it again."
    return replace(card, status="stale", problem=problem)


def _has_engine(state: ServerState, saved: SavedContext) -> bool:
    """Whether an engine can load it; while none is loaded, that is taken for granted."""
    pool = state.pool.models.get(saved.model)
    identities = [] if pool is None else pool.context_identities
    return saved.record.identity in identities or (pool is not None and pool.info is None)

"""The saved context that a chat request may begin with."""

from picoserve.contexts.saved import SavedContext
from picoserve.pool.affinity import ContextFit
from picoserve.server.state import ServerState


def context_of(state: ServerState, model: str, key: str | None, prompt: str) -> SavedContext | None:
    """The context that `prompt_cache_key` names, if an engine can load it for this prompt."""
    saved = state.contexts.find(model, key) if state.contexts is not None and key else None
    if saved is None or saved.is_broken or not saved.record.begins(prompt):
        return None
    identities = state.pool.models[model].context_identities
    if saved.record.identity in identities:
        return saved
    if identities:
        saved.note_stale()
    return None


def fit_of(saved: SavedContext | None) -> ContextFit | None:
    """The engines that a saved context concerns."""
    if saved is None:
        return None
    return ContextFit(saved.record.identity, saved.record.characters)

"""Where a request's jobs may run and how urgent they are, from headers and body."""

from typing import Final

from fastapi import Request

from picoserve.pool.affinity import ContextFit, Origin
from picoserve.pool.line import Priority
from picoserve.pool.model_pool import Placement

# livekit.agents.inference sends the header; service tiers are OpenAI's.
_BY_HEADER: Final = {
    "priority": Priority.HIGH,
    "standard": Priority.STANDARD,
    "low": Priority.LOW,
}
_BY_TIER: Final = {"priority": Priority.HIGH, "fast": Priority.HIGH, "flex": Priority.LOW}


def placement_for(
    request: Request,
    model: str,
    *,
    service_tier: str | None = None,
    priority: int | None = None,
    key: str | None = None,
    fit: ContextFit | None = None,
) -> Placement:
    """The placement: LiveKit's header, then `priority` (vLLM: lower first), then the tier.

    Args:
        key: The body's `prompt_cache_key` or `user`.
        fit: The engines that the prompt's saved context concerns.
    """
    header = request.headers.get("x-livekit-inference-priority", "").lower()
    if header in _BY_HEADER:
        chosen = _BY_HEADER[header]
    elif priority:
        chosen = Priority.HIGH if priority < 0 else Priority.LOW
    else:
        chosen = _BY_TIER.get(service_tier or "", Priority.STANDARD)
    headers = request.headers
    room = headers.get("x-livekit-room-id") or headers.get("x-livekit-job-id", "")
    return Placement(model, chosen, origin=Origin(room, key or ""), fit=fit)

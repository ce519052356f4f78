"""Where a request's jobs may run and how urgent they are, from headers and body."""

import math
from typing import Final

from fastapi import Request

from picoserve.errors import InvalidRequestError
from picoserve.pool.affinity import ContextFit, Origin
from picoserve.pool.line import Priority
from picoserve.pool.model_pool import Placement

# livekit.agents.inference sends the header; service tiers are OpenAI's.
_BY_HEADER: Final = {
    "priority": Priority.HIGH,
    "standard": Priority.STANDARD,
    "low": Priority.LOW,
}
_MAX_WAIT: Final = "x-picoserve-max-wait"
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

    Raises:
        InvalidRequestError: The longest wait that the client names is no number of seconds.
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
    return Placement(
        model,
        chosen,
        origin=Origin(room, key or ""),
        fit=fit,
        max_wait_seconds=_max_wait_seconds(headers.get(_MAX_WAIT)),
    )


def _max_wait_seconds(text: str | None) -> float:
    if text is None:
        return math.inf
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InvalidRequestError(
            f"Invalid '{_MAX_WAIT}': expected a number of seconds above 0, but got "
            f"'{text[:100]}' instead.",
            param=_MAX_WAIT,
            code="invalid_value",
        )
    return seconds

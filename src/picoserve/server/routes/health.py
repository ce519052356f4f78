"""Health: alive, ready, and both with every engine's state."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from picoserve import __version__
from picoserve.pool.pool import Pool
from picoserve.server.read_route import ReadRoute
from picoserve.server.state import State

router = APIRouter(route_class=ReadRoute)

HEALTH_PATHS: Final = frozenset({"/health", "/health/live", "/health/ready"})


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/health/ready")
async def ready(state: State) -> Response:
    """200 once every model has an engine that can run jobs; 503 with progress before."""
    pool = state.pool
    progress = {
        name: f"{sum(row.state == 'ready' for row in model.statuses())}/{len(model.keepers)}"
        for name, model in pool.models.items()
    }
    return JSONResponse(
        {"status": _word(pool), "engines_ready": progress},
        status_code=HTTPStatus.OK if pool.is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


@router.get("/health")
async def health(state: State) -> Response:
    """Both, with one row per engine."""
    pool = state.pool
    body = {
        "status": _word(pool),
        "version": __version__,
        "models": {
            name: {"ready": model.is_ready, "waiting": model.waiting}
            for name, model in pool.models.items()
        },
        "engines": [
            {
                "name": row.name,
                "model": row.model,
                "device": row.device,
                "state": row.state,
                "problem": row.problem,
                "slots": row.slots,
                "busy": row.busy,
                "restarts": row.restarts,
                "load_seconds": round(row.load_seconds, 3),
            }
            for row in pool.statuses()
        ],
    }
    return JSONResponse(
        body, status_code=HTTPStatus.OK if pool.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    )


def _word(pool: Pool) -> str:
    if pool.draining:
        return "draining"
    return "ready" if pool.is_ready else "not ready"

"""`GET /metrics`, in the form that the scraper asks for."""

from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from picoserve.server.read_route import ReadRoute
from picoserve.server.state import State

router = APIRouter(route_class=ReadRoute)


@router.get("/metrics")
async def metrics(request: Request, state: State) -> Response:
    """Everything in the registry."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(state.metrics.registry), headers={"content-type": content_type})

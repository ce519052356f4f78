"""`GET /openapi.json` and `GET /docs`: what this server takes and answers."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from picoserve.server.openapi.description import ApiDescription
from picoserve.server.read_route import ReadRoute
from picoserve.server.routes.page import PAGE_HEADERS

router = APIRouter(route_class=ReadRoute)
page_router = APIRouter(route_class=ReadRoute, include_in_schema=False)


async def _description(request: Request) -> ApiDescription:
    return cast("ApiDescription", request.app.state.description)


Description = Annotated[ApiDescription, Depends(_description)]


# Plain functions: the first call takes a moment, and has a thread for it.
@router.get("/openapi.json")
def openapi(description: Description) -> Response:
    """This description."""
    return Response(description.json, media_type="application/json")


@page_router.get("/docs")
def docs(description: Description) -> Response:
    """The same for people. It holds no secret and knows no model of this server."""
    return Response(description.html, media_type="text/html", headers=PAGE_HEADERS)

"""A route of FastAPI's that can be asked for its headers alone."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send
from typing_extensions import override


class ReadRoute(APIRoute):
    """Answers HEAD where it answers GET, as it answers GET; uvicorn leaves the body out.

    FastAPI would have a route of its own for HEAD, and OpenAPI an operation.
    """

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route is meant."""
        return super().matches(_as_get(scope))

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await super().handle(_as_get(scope), receive, send)


def _as_get(scope: Scope) -> Scope:
    """The scope of a GET in the place of a HEAD, which uvicorn goes on to see as one."""
    is_head = scope["type"] == "http" and scope["method"] == "HEAD"
    return {**scope, "method": "GET"} if is_head else scope

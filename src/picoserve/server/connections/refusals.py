"""Plain ASGI middleware: answers requests that their connection has refused already."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from picoserve.errors import OverloadedError, PicoserveError
from picoserve.server.error_responses import error_response
from picoserve.server.request_facts import note_error
from picoserve.server.routes.health import HEALTH_PATHS

REFUSAL: Final = "picoserve.refusal"


class RefusalMiddleware:
    """Answers with the error that the connection has put into the scope.

    With too many connections those who ask how the server is are answered all the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or answer."""
        refusal: PicoserveError | None = scope.get(REFUSAL)
        looks = isinstance(refusal, OverloadedError) and scope["path"] in HEALTH_PATHS
        if refusal is None or looks:
            await self._app(scope, receive, send)
            return
        note_error(scope, refusal)
        await error_response(refusal)(scope, receive, send)

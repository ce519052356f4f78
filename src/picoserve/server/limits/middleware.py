"""Plain ASGI middleware behind the one for auth: holds requests to their key's limits."""

from starlette.types import ASGIApp, Receive, Scope, Send

from picoserve.errors import RateLimitError
from picoserve.server.error_responses import error_response
from picoserve.server.limits.ledger import Ledger, name_of_address
from picoserve.server.limits.turn import Turn
from picoserve.server.request_facts import facts_of, note_error

_ADMIN_PATHS = "/admin/"


class RateLimitMiddleware:
    """Lets a request through when its key may still ask.

    Whatever makes an engine or the server work is asked for by POST; looking is free.
    """

    def __init__(self, app: ASGIApp, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or answer 429."""
        if scope["type"] != "http" or scope["method"] != "POST" or _is_admins(scope):
            await self._app(scope, receive, send)
            return
        facts = facts_of(scope)
        facts.account = self._ledger.account(facts.key_name or _address(scope))
        try:
            turn = facts.turn = Turn(facts.account)
        except RateLimitError as error:
            note_error(scope, error)
            await error_response(error)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            turn.end(facts.spent_tokens)


def _is_admins(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith(_ADMIN_PATHS)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return name_of_address(client[0]) if client else "local"

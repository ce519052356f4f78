"""Plain ASGI middleware, first in line: nothing of a stranger's request is read.

Not a `BaseHTTPMiddleware`: that one hides the client's departure from the routes.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from picoserve.errors import AuthenticationError
from picoserve.server.auth.access import Access
from picoserve.server.auth.keys import KeyRing
from picoserve.server.error_responses import error_response
from picoserve.server.request_facts import facts_of
from picoserve.server.routes.health import HEALTH_PATHS
from picoserve.server.routes.page import PAGE_PATHS

_OPEN_PATHS: Final = HEALTH_PATHS | frozenset(PAGE_PATHS)
_ADMIN_PATHS: Final = "/admin/"
_METRICS_PATH: Final = "/metrics"
_SHOWN: Final = 4


class AuthMiddleware:
    """Lets a request through when it carries a key or a token that is known.

    Without any key and token configured everybody may ask, but nobody may administer. Metrics
    have keys of their own where some are configured; otherwise they are like the rest.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or answer 401."""
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        facts = facts_of(scope)
        try:
            facts.key_name = self._checked(scope["path"], _bearer(Headers(scope=scope)))
        except AuthenticationError as error:
            facts.error = error.code or "no_key"
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _checked(self, path: str, token: str) -> str:
        """The name of the key that opens the path; "" where none is needed."""
        access = self._access
        if path.startswith(_ADMIN_PATHS):
            if not access.admin:
                raise AuthenticationError("No admin key is configured on this server.")
            return _name(access.admin, token, "This needs an admin key.")
        if path == _METRICS_PATH and access.metrics:
            return _name(access.metrics, token, "This needs a key for metrics.")
        return self._check(token) if access.keys or access.livekit else ""

    def _check(self, token: str) -> str:
        if not token:
            raise AuthenticationError(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
        # Both are asked whatever the first says: the time tells nothing.
        known = self._access.keys.name_of(token)
        genuine = self._access.livekit.name_of(token)
        name = known or genuine
        if name is None:
            raise AuthenticationError(
                f"Incorrect API key provided: {_masked(token)}.", code="invalid_api_key"
            )
        return name


def _name(keys: KeyRing, token: str, otherwise: str) -> str:
    name = keys.name_of(token)
    if name is None:
        raise AuthenticationError(otherwise, code="invalid_api_key")
    return name


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _masked(token: str) -> str:
    """So little of a key that it helps its owner and nobody else."""
    if len(token) < 4 * _SHOWN or not token.isascii() or not token.isprintable():
        return "***"
    return f"{token[:_SHOWN]}***{token[-2:]}"

"""Plain ASGI middleware, first in line: nothing of a stranger's request is read.

Not a `BaseHTTPMiddleware`: that one hides the client's departure from the routes.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from picoserve.errors import AuthenticationError
from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens
from picoserve.server.error_responses import error_response

_OPEN_PATHS: Final = ("/health", "/health/live", "/health/ready")
_ADMIN_PATHS: Final = "/admin/"
_SHOWN: Final = 4


class AuthMiddleware:
    """Lets a request through when it carries a key or a token that is known.

    Without any key and token configured everybody may ask, but nobody may administer.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, livekit: LiveKitTokens, admin: KeyRing) -> None:
        self._app = app
        self._keys = keys
        self._livekit = livekit
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or answer 401."""
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            token = _bearer(Headers(scope=scope))
            if scope["path"].startswith(_ADMIN_PATHS):
                self._check_admin(token)
            elif self._keys or self._livekit:
                self._check(token)
        except AuthenticationError as error:
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_admin(self, token: str) -> None:
        if not self._admin:
            raise AuthenticationError("No admin key is configured on this server.")
        if not self._admin.knows(token):
            raise AuthenticationError("This needs an admin key.", code="invalid_api_key")

    def _check(self, token: str) -> None:
        if not token:
            raise AuthenticationError(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
        # Both are asked whatever the first says: the time tells nothing.
        known, genuine = self._keys.knows(token), self._livekit.accepts(token)
        if not (known or genuine):
            raise AuthenticationError(
                f"Incorrect API key provided: {_masked(token)}.", code="invalid_api_key"
            )


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _masked(token: str) -> str:
    """So little of a key that it helps its owner and nobody else."""
    if len(token) < 4 * _SHOWN or not token.isascii() or not token.isprintable():
        return "***"
    return f"{token[:_SHOWN]}***{token[-2:]}"

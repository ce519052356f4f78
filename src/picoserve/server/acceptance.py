"""Plain ASGI middleware, behind those for auth and limits: the moment at which work is accepted."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from picoserve.pool.pool import Pool


class AcceptanceMiddleware:
    """Accepts a request once it has come as a whole, or refuses it where the server drains.

    From there on it counts as under way until it is answered, while it is prepared too: schemas
    compiled, images fetched, tokens counted. A route that reads no body is open all the time.
    """

    def __init__(self, app: ASGIApp, pool: Pool) -> None:
        self._app = app
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what reads the request's end gets a DrainingError where it is refused."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        answer = object()
        has_come = False

        async def receive_accepted() -> Message:
            nonlocal has_come
            message = await receive()
            is_end = message["type"] == "http.request" and not message.get("more_body", False)
            if is_end and not has_come:
                self._pool.begin_answer(answer)
                has_come = True
            return message

        try:
            await self._app(scope, receive_accepted, send)
        finally:
            self._pool.end_answer(answer)

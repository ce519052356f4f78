"""Answers for clients older than HTTP/1.1, which know no chunks (RFC 9112, 6.1)."""

from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Unframed:
    """Sends an answer of unknown length as it is; its end is its connection's."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        """Take the place of the protocol's application."""
        self._app = cast("ASGIApp", protocol.app)
        self._protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        cycle = self._protocol.cycle

        async def send_plainly(message: Message) -> None:
            # uvicorn holds what comes against a length, or makes chunks of it.
            cycle.chunked_encoding = False
            cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, send_plainly)

"""An ASGI function without any framework."""

import json
from typing import Any, Final

from benchmarks.floors.answers import CHUNK, DONE, EVENT_STREAM
from starlette.types import Message, Receive, Scope, Send

STREAM_HEAD: Final[Message] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", EVENT_STREAM.encode())],
}


async def bare(_scope: Scope, receive: Receive, send: Send) -> None:
    """Streams as many prebuilt chunks as are asked for; the answer to a GET is empty."""
    request = await read_json(receive)
    await send(STREAM_HEAD)
    for _ in range(request.get("max_tokens", 0)):
        await send(part(CHUNK))
    await send(part(DONE, more=False))


async def read_json(receive: Receive) -> dict[str, Any]:
    """The request's body, empty where it has none."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return dict(json.loads(body)) if body else {}


def part(body: bytes, *, more: bool = True) -> Message:
    """A piece of the answer."""
    return {"type": "http.response.body", "body": body, "more_body": more}

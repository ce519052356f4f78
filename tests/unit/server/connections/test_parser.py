"""What one packet may cost; how requests are read is tested over the wire."""

import asyncio
import socket
import tracemalloc

import pytest
import uvicorn
from tests.support.server import PATIENCE_SECONDS
from uvicorn.server import ServerState

from picoserve.server.connections.protocol import guarded_protocol
from picoserve.server.connections.register import ConnectionLimits

OFFER = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
MOST_BYTES = 8 * 1024 * 1024


async def hello(_scope: object, _receive: object, send: uvicorn._types.ASGISendCallable) -> None:
    headers = [(b"content-length", b"2")]
    await send(
        {"type": "http.response.start", "status": 200, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def test_offers_behind_one_another_cost_what_one_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = uvicorn.Config(hello, ws="none", log_config=None)
    config.load()
    protocol = guarded_protocol(ConnectionLimits())(config, ServerState(), {})
    theirs, ours = socket.socketpair()
    theirs.settimeout(PATIENCE_SECONDS)
    with theirs:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, ours)
        tracemalloc.start()
        try:
            protocol.data_received(OFFER * 4000)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        with theirs.makefile("rb") as answers:
            answer = await asyncio.to_thread(answers.read)

    assert (answer.count(b"HTTP/1.1 200"), answer[-2:]) == (1, b"ok")
    assert peak < MOST_BYTES
    assert "Invalid HTTP request" not in caplog.text

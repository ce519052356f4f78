"""Clients that read slowly hold their own answer, not an engine."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server, wait_until

WORDS = 60_000
# More than the system takes for a client that reads nothing.
MUCH = 8_000_000
BODY = b'{"model":"pico","stream":%s,"messages":[{"role":"user","content":"Count, please."}]}'
TOOLS = b'"tools":[{"type":"function","function":{"name":"f"}}]'


@pytest.mark.parametrize("stream", [b"true", b"true," + TOOLS], ids=["text", "tools"])
def test_client_that_reads_nothing_gives_its_engine_back_when_the_job_ends(
    tmp_path: Path, standin_library: Path, stream: bytes
) -> None:
    script = ModelScript(context_length=100_000, replies=[Reply(count=WORDS)])
    config = "[server]\nsend_seconds = 600\n" + standin_model(standin_library, tmp_path, script)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        closing(asked(server, BODY % stream)) as client,
    ):
        assert client.recv(15) == b"HTTP/1.1 200 OK"

        wait_until(lambda: server.busy() == 0, 90)

        assert server.health()["engines"][0]["restarts"] == 0


@pytest.mark.parametrize("stream", [b"true", b"false"])
def test_client_that_reads_nothing_loses_its_connection(
    tmp_path: Path, standin_library: Path, stream: bytes
) -> None:
    script = ModelScript(replies=[Reply(pieces=["x" * MUCH])])
    config = "[server]\nsend_seconds = 0.5\ndrain_seconds = 600\n"
    config += standin_model(standin_library, tmp_path, script)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        closing(asked(server, BODY % stream)) as client,
    ):
        assert client.recv(15) == b"HTTP/1.1 200 OK"

        assert server.stop() == 0  # which waits until no answer is left to be read
    assert "Traceback" not in server.log.read_text()


def asked(server: RunningServer, body: bytes) -> socket.socket:
    """A connection with little room, whose request has been sent."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    return client

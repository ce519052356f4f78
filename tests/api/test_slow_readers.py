"""Clients that read slowly hold their own answer, not an engine."""

import socket
from pathlib import Path

from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import running_server, wait_until

WORDS = 60_000


def test_client_that_reads_nothing_gives_its_engine_back_when_the_job_ends(
    tmp_path: Path, standin_library: Path
) -> None:
    script = ModelScript(context_length=100_000, replies=[Reply(count=WORDS)])
    config = standin_model(standin_library, tmp_path, script)
    body = b'{"model":"pico","stream":true,"messages":[{"role":"user","content":"Count, please."}]}'
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        socket.socket() as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(body), body)
        )
        assert client.recv(15) == b"HTTP/1.1 200 OK"

        wait_until(lambda: server.busy() == 0, 25)

        assert server.health()["engines"][0]["restarts"] == 0

"""What clients write never becomes a line, a colour or a header of its own."""

import re
import socket
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from tests.support.models import tiny_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body

FORGED = "x\n2030-01-01T00:00:00Z [error] forged\r\nset-cookie: a=b\x1b[31m\x85\u2028"
LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[\w+ *\] ")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer, None, None]:
    folder: Path = tmp_path_factory.mktemp("injection")
    with running_server(folder, '[log]\nlevel = "debug"\n' + tiny_model()) as server:
        yield server


def test_no_text_of_a_client_begins_a_line_of_the_log(quiet: RunningServer) -> None:
    began = len(quiet.log.read_text())
    with httpx.Client(base_url=quiet.url, timeout=20) as client:
        bodies = [
            chat_body(model=FORGED),
            chat_body(FORGED, max_tokens=1) | {FORGED: 1, "user": FORGED, "service_tier": FORGED},
            chat_body(FORGED, stop=FORGED, tools=FORGED),
            chat_body("x", prompt_cache_key=FORGED, max_tokens=1, stream=True),
        ]
        answers = [client.post("/v1/chat/completions", json=body) for body in bodies]
        answers.append(client.get("/v1/models/x%0A2030%20forged%1B%5B31m"))
        answers.append(client.get("/%0Aforged%0D%0Aset-cookie:%20a=b"))
    wait_until(lambda: quiet.log.read_text()[began:].count(" request ") >= len(answers))

    assert [answer.status_code for answer in answers] == [404, 200, 400, 200, 404, 404]
    assert not any("set-cookie" in answer.headers for answer in answers)
    # Whole lines only: the log may have been looked at while one was being written.
    written = quiet.log.read_bytes().decode()[began:].partition("\n")[2].rpartition("\n")[0]
    assert "unknown request fields ignored" in written
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", written)
    for line in written.splitlines():
        assert LINE.match(line), line


@pytest.mark.parametrize("name", ["x-request-id", "x-livekit-room-id", "authorization"])
@pytest.mark.parametrize("value", [b"a\tb", b"a" * 20_000, b"\xff\xfe", b"a\xc2\x85b"])
def test_strange_header_comes_back_nowhere(quiet: RunningServer, name: str, value: bytes) -> None:
    response = httpx.get(f"{quiet.url}/v1/models", headers={name.encode(): value})

    assert response.status_code == 200
    assert response.headers["x-request-id"].startswith("req_")
    assert value not in b"".join(part for pair in response.headers.raw for part in pair)


@pytest.mark.parametrize("separator", [b"\r\n", b"\n", b"\r", b"\0"])
def test_line_break_in_a_header_makes_no_header_of_the_answer(
    quiet: RunningServer, separator: bytes
) -> None:
    head = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: a"
    with socket.create_connection(("127.0.0.1", quiet.port), timeout=30) as connection:
        connection.sendall(head + separator + b"set-cookie: a=b\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower()

"""Connections that dawdle, flood or are too many, as bytes on real sockets."""

import contextlib
import json
import re
import socket
import time
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path

import httpx
import pytest
from tests.standin.model_script import Reply
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import Body, chat_body, error_of, open_stream

CONFIG = """
[server]
max_connections = 3
max_header_bytes = 2048
header_seconds = 0.6
body_seconds = 0.8
keep_alive_seconds = 1
"""
PATH = "/v1/chat/completions"
LONG = chat_body("Count!", model="pico")
BRIEF = json.dumps(chat_body("Be brief.", model="pico")).encode()
SECOND_LONG = json.dumps(chat_body("A short count.", model="pico", stream=True)).encode()
LOOK = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
def strict(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """A server with little patience and room for three connections."""
    folder = tmp_path_factory.mktemp("strict")
    script = slow_script(replies=[Reply(match="short count", count=20)])
    config = CONFIG + standin_model(standin_library, folder, script)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def connection(strict: RunningServer) -> Generator[socket.socket, None, None]:
    with connected(strict) as connection:
        yield connection


def connected(server: RunningServer) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def post(body: bytes, *, path: str = PATH, length: int | None = None) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


def rest_of(connection: socket.socket) -> bytes:
    """What still comes, up to the end of the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def answer_of(connection: socket.socket) -> bytes:
    """One answer with a content-length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.findall(rb"content-length: (\d+)", head)[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def trickled(connection: socket.socket, drops: Iterator[bytes]) -> bytes:
    """Send a drop every tenth of a second until the server has had enough; what it answers."""
    connection.settimeout(0.1)
    deadline = time.monotonic() + 10
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() < deadline:
            connection.sendall(next(drops))
            with contextlib.suppress(TimeoutError):
                received = connection.recv(65536)
                return received + rest_of(connection)
    return b""


def forever(drop: bytes) -> Iterator[bytes]:
    while True:
        yield drop


def refused(answer: bytes) -> tuple[int, str]:
    """Status and code of a refusal, which closes the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    error: Body = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return int(head.split()[1]), error["code"]


def cuts(server: RunningServer, limit: str) -> float:
    """How many connections the server has ended for this reason."""
    metrics = httpx.get(f"{server.url}/metrics").text
    (count,) = re.findall(rf'picoserve_connections_cut_total{{limit="{limit}"}} (\S+)', metrics)
    return float(count)


def test_connection_that_says_nothing_is_closed_without_a_word(connection: socket.socket) -> None:
    began = time.monotonic()

    assert rest_of(connection) == b""
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("beginning", [b"GET /", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "])
def test_headers_that_trickle_end_with_a_408(connection: socket.socket, beginning: bytes) -> None:
    connection.sendall(beginning)

    assert refused(trickled(connection, forever(b"a"))) == (408, "request_timeout")


def test_headers_of_a_later_request_may_not_trickle_either(connection: socket.socket) -> None:
    connection.sendall(LOOK)
    assert answer_of(connection).startswith(b"HTTP/1.1 200")

    assert refused(trickled(connection, chain([b"GET /"], forever(b"a")))) == (
        408,
        "request_timeout",
    )


def test_empty_lines_keep_no_connection_open(connection: socket.socket) -> None:
    connection.sendall(LOOK)
    answer_of(connection)

    assert refused(trickled(connection, forever(b"\r\n"))) == (408, "request_timeout")


def test_body_that_trickles_ends_with_a_408(
    strict: RunningServer, connection: socket.socket
) -> None:
    connection.sendall(post(b"", length=1000))

    assert refused(trickled(connection, forever(b" "))) == (408, "request_timeout")
    wait_until(lambda: "request_timeout" in strict.log.read_text())


def test_body_that_nobody_reads_keeps_no_connection_open(
    strict: RunningServer, connection: socket.socket
) -> None:
    before = cuts(strict, "body_seconds")
    connection.sendall(post(b"", path="/nowhere", length=100_000))
    began = time.monotonic()

    assert answer_of(connection).startswith(b"HTTP/1.1 404")
    trickled(connection, forever(b" "))

    assert 0.8 < time.monotonic() - began < 9
    assert cuts(strict, "body_seconds") == before + 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * 2048 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx-endless: " + b"a" * 4000,
        b"GET /" + b"a" * 4000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(300)) + b"\r\n",
    ],
)
def test_headers_that_are_too_large_are_a_431(
    connection: socket.socket, request_bytes: bytes
) -> None:
    connection.sendall(request_bytes)

    assert refused(rest_of(connection)) == (431, "headers_too_large")


def test_headers_up_to_the_limit_are_read(connection: socket.socket) -> None:
    connection.sendall(LOOK.replace(b"\r\n\r\n", b"\r\nx-large: " + b"a" * 1900 + b"\r\n\r\n"))

    assert answer_of(connection).startswith(b"HTTP/1.1 200")


def test_what_is_no_http_is_a_400_with_an_error_object(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")

    status, _ = refused(rest_of(connection))
    assert status == 400


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("max_header_bytes", b"GET /" + b"a" * 4000),
        ("header_seconds", b"GET /"),
        ("no_http", b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
    ],
)
def test_connection_that_is_cut_is_counted(strict: RunningServer, limit: str, sent: bytes) -> None:
    before = cuts(strict, limit)

    with connected(strict) as connection:
        connection.sendall(sent)
        rest_of(connection)

    assert cuts(strict, limit) == before + 1


def test_kept_connection_serves_again_and_is_closed_after_a_while(
    connection: socket.socket,
) -> None:
    for _ in range(3):
        connection.sendall(LOOK)
        assert answer_of(connection).startswith(b"HTTP/1.1 200")
    connection.sendall(post(BRIEF))
    assert answer_of(connection).startswith(b"HTTP/1.1 200")

    assert rest_of(connection) == b""


def test_request_behind_one_that_is_being_answered_ends_the_connection_with_the_answer(
    connection: socket.socket,
) -> None:
    connection.sendall(post(SECOND_LONG + b" " * 4000) + LOOK[:20])
    received = b""
    while b"word5" not in received:
        received += connection.recv(65536)
    connection.sendall(LOOK[20:] + post(b"x" * 100_000))

    received += rest_of(connection)
    assert b"word19" in received
    assert received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("behind", [LOOK, post(b"x" * 100_000)], ids=["head", "body"])
def test_client_that_leaves_is_missed_also_with_a_request_behind_its_first(
    strict: RunningServer, stream: bool, behind: bytes
) -> None:
    wait_idle(strict)
    body = json.dumps(LONG | {"stream": stream}).encode()
    with connected(strict) as connection:
        connection.sendall(post(body) + behind)
        wait_until(lambda: strict.busy() == 1)

    wait_until(lambda: strict.busy() == 0)


def test_connection_that_is_idle_gives_way_to_a_new_one(strict: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(connected(strict)) for _ in range(3)]
        for one in kept:
            one.sendall(LOOK)
            answer_of(one)
        with connected(strict) as newcomer:
            newcomer.sendall(post(BRIEF))
            assert answer_of(newcomer).startswith(b"HTTP/1.1 200")

        assert rest_of(kept[0]) == b""
        kept[2].sendall(LOOK)
        assert answer_of(kept[2]).startswith(b"HTTP/1.1 200")


def test_one_connection_too_many_is_told_so_and_health_answers(strict: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=strict.url)) for _ in range(3)]
        speaking, *_ = [stack.enter_context(open_stream(client, LONG)) for client in clients]
        speaking.text()
        surplus = httpx.post(strict.url + PATH, json=LONG)
        looks = [httpx.get(f"{strict.url}/health{path}") for path in ("", "/live", "/ready")]

    assert (surplus.status_code, error_of(surplus)["code"]) == (503, "server_is_overloaded")
    assert surplus.headers["retry-after"] == "1"
    assert surplus.headers["connection"] == "close"
    assert [look.status_code for look in looks] == [200] * 3
    wait_idle(strict)
    assert 'limit="max_connections"} 1.0' in httpx.get(f"{strict.url}/metrics").text


def test_flood_of_connections_is_cut_off(strict: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        flood = [stack.enter_context(connected(strict)) for _ in range(120)]
        for connection in flood:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET ")
        cut_off = [rest_of(connection) for connection in flood]

    assert sum(answer == b"" for answer in cut_off) >= 120 - 3 - 64
    assert httpx.get(f"{strict.url}/health/ready").status_code == 200

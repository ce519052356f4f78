"""Connections that dawdle, flood or are too many, as bytes on real sockets."""

import contextlib
import json
import re
import signal
import socket
import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from tests.standin.model_script import Reply
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import wait_idle
from tests.support.server import PATIENCE_SECONDS, RunningServer, running_server, wait_until
from tests.support.sockets import answer_of, connected, more_of, rest_of
from tests.support.wire import Body, chat_body, error_of, open_stream, raw_post

STRICT = """
[server]
max_connections = 3
max_header_bytes = 2048
"""
IMPATIENT = """
[server]
header_seconds = 3
body_seconds = 3
keep_alive_seconds = 3
"""
PATH = "/v1/chat/completions"
LONG = chat_body("Count!", model="pico")
BRIEF = json.dumps(chat_body("Be brief.", model="pico")).encode()
SECONDS_LONG = json.dumps(chat_body("A short count.", model="pico", stream=True)).encode()
LOOK = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


class Dawdler(NamedTuple):
    """What a client sends at once, after a whole request or not, and what comes drop by drop."""

    beginning: bytes
    drop: bytes
    looks_before: bool = False


DAWDLERS = {
    "silent": Dawdler(b"", b""),
    "request line": Dawdler(b"GET /", b"a"),
    "header": Dawdler(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ", b"a"),
    "later request": Dawdler(b"GET /", b"a", looks_before=True),
    "empty lines": Dawdler(b"\r\n", b"\r\n", looks_before=True),
    "no later request": Dawdler(b"", b"", looks_before=True),
    "body": Dawdler(raw_post(b"", length=1000), b" "),
    "unwanted body": Dawdler(raw_post(b"", path="/nowhere", length=100_000), b" "),
}


class Dawdled(NamedTuple):
    """What each of them got, in how many seconds, and how many connections were cut for what."""

    server: RunningServer
    answers: Mapping[str, bytes]
    seconds: Mapping[str, float]
    cuts: Mapping[str, float]


@pytest.fixture(scope="module")
def strict(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """A server with room for three connections, and with patience."""
    folder = tmp_path_factory.mktemp("strict")
    script = slow_script(replies=[Reply(match="short count", count=60)])
    config = STRICT + standin_model(standin_library, folder, script)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def dawdled(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Dawdled, None, None]:
    """All that a server with little patience answers to those who dawdle, all at a time."""
    folder = tmp_path_factory.mktemp("impatient")
    config = IMPATIENT + standin_model(standin_library, folder, slow_script())
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        ThreadPoolExecutor(len(DAWDLERS)) as threads,
    ):
        running = {
            name: threads.submit(dawdle, server, dawdler) for name, dawdler in DAWDLERS.items()
        }
        ended = {name: future.result() for name, future in running.items()}
        yield Dawdled(
            server,
            {name: answer for name, (answer, _) in ended.items()},
            {name: seconds for name, (_, seconds) in ended.items()},
            {limit: cuts(server, limit) for limit in ("header_seconds", "body_seconds")},
        )
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def connection(strict: RunningServer) -> Generator[socket.socket, None, None]:
    with connected(strict) as connection:
        yield connection


def dawdle(server: RunningServer, dawdler: Dawdler) -> tuple[bytes, float]:
    """Send a drop every tenth of a second until the server has had enough.

    Returns:
        All that came after a first whole request, and the seconds until the connection's end.
    """
    with connected(server) as connection:
        if dawdler.looks_before:
            connection.sendall(LOOK)
            assert answer_of(connection).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        connection.sendall(dawdler.beginning)
        received = b""
        connection.settimeout(0.1)
        # What comes after the end is reset, and so may be what is read then.
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while time.monotonic() - began < PATIENCE_SECONDS:
                with contextlib.suppress(TimeoutError):
                    data = connection.recv(65536)
                    received += data
                    if not data:
                        break
                connection.sendall(dawdler.drop)
            else:
                raise AssertionError("the server has endless patience")
        return received, time.monotonic() - began


def refused(answer: bytes) -> tuple[int, str]:
    """Status and code of a refusal, which closes the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    error: Body = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return int(head.split()[1]), error["code"]


def cuts(server: RunningServer, limit: str) -> float:
    """How many connections the server has ended for this reason."""
    metrics = server.get("/metrics").text
    (count,) = re.findall(rf'picoserve_connections_cut_total{{limit="{limit}"}} (\S+)', metrics)
    return float(count)


@pytest.mark.parametrize("name", ["silent", "no later request"])
def test_connection_that_says_nothing_is_closed_without_a_word(dawdled: Dawdled, name: str) -> None:
    assert dawdled.answers[name] == b""


@pytest.mark.parametrize("name", ["request line", "header", "later request", "empty lines"])
def test_headers_that_trickle_end_with_a_408(dawdled: Dawdled, name: str) -> None:
    assert refused(dawdled.answers[name]) == (408, "request_timeout")


def test_body_that_trickles_ends_with_a_408(dawdled: Dawdled) -> None:
    assert refused(dawdled.answers["body"]) == (408, "request_timeout")
    wait_until(lambda: dawdled.server.log_lines("request_timeout"))


def test_body_that_nobody_reads_keeps_no_connection_open(dawdled: Dawdled) -> None:
    assert dawdled.answers["unwanted body"].startswith(b"HTTP/1.1 404")
    assert dawdled.seconds["unwanted body"] > 3


def test_connections_that_are_cut_are_counted(dawdled: Dawdled) -> None:
    assert dawdled.cuts == {"header_seconds": 4, "body_seconds": 1}


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
        ("no_http", b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
    ],
)
def test_connection_that_is_cut_is_counted(strict: RunningServer, limit: str, sent: bytes) -> None:
    before = cuts(strict, limit)

    with connected(strict) as connection:
        connection.sendall(sent)
        rest_of(connection)

    assert cuts(strict, limit) == before + 1


def test_kept_connection_serves_again(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(LOOK)
        assert answer_of(connection).startswith(b"HTTP/1.1 200")
    connection.sendall(raw_post(BRIEF))
    assert answer_of(connection).startswith(b"HTTP/1.1 200")


def test_request_behind_one_that_is_being_answered_ends_the_connection_with_the_answer(
    connection: socket.socket,
) -> None:
    connection.sendall(raw_post(SECONDS_LONG + b" " * 4000) + LOOK[:20])
    received = b""
    while b"word5" not in received:
        received += more_of(connection)
    connection.sendall(LOOK[20:] + raw_post(b"x" * 100_000))

    received += rest_of(connection)
    assert b"word59" in received
    assert received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("behind", [LOOK, raw_post(b"x" * 100_000)], ids=["head", "body"])
def test_client_that_leaves_is_missed_also_with_a_request_behind_its_first(
    strict: RunningServer, stream: bool, behind: bytes
) -> None:
    wait_idle(strict)
    body = json.dumps(LONG | {"stream": stream}).encode()
    with connected(strict) as connection:
        connection.sendall(raw_post(body) + behind)
        wait_until(lambda: strict.busy() == 1)

    wait_until(lambda: strict.busy() == 0)


def test_connection_that_is_idle_gives_way_to_a_new_one(strict: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(connected(strict)) for _ in range(3)]
        for one in kept:
            one.sendall(LOOK)
            answer_of(one)
        with connected(strict) as newcomer:
            newcomer.sendall(raw_post(BRIEF))
            assert answer_of(newcomer).startswith(b"HTTP/1.1 200")

        assert rest_of(kept[0]) == b""
        kept[2].sendall(LOOK)
        assert answer_of(kept[2]).startswith(b"HTTP/1.1 200")


def test_connection_that_has_said_nothing_yet_gives_way_to_a_new_one(
    strict: RunningServer,
) -> None:
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connected(strict)) for _ in range(3)]
        answer = strict.post(PATH, chat_body("Be brief.", model="pico"))

        assert answer.status_code == 200
        assert rest_of(silent[0]) == b""
        silent[2].sendall(LOOK)
        assert answer_of(silent[2]).startswith(b"HTTP/1.1 200")


def test_none_of_many_requests_that_come_at_a_time_goes_unanswered(strict: RunningServer) -> None:
    strict.process.send_signal(signal.SIGSTOP)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connected(strict)) for _ in range(12)]
        for one in crowd:
            one.sendall(raw_post(BRIEF))
        strict.process.send_signal(signal.SIGCONT)
        statuses = [int(answer_of(one).split()[1]) for one in crowd]

    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(200) >= 3


def test_one_connection_too_many_is_told_so_and_health_answers(strict: RunningServer) -> None:
    wait_idle(strict)
    before = turned_away(strict)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=strict.url, timeout=20)) for _ in range(3)
        ]
        speaking, *_ = [stack.enter_context(open_stream(client, LONG)) for client in clients]
        speaking.text()
        surplus = strict.post(PATH, LONG)
        looks = [strict.get(f"/health{path}") for path in ("", "/live", "/ready")]

    assert (surplus.status_code, error_of(surplus)["code"]) == (503, "server_is_overloaded")
    assert surplus.headers["retry-after"] == "1"
    assert surplus.headers["connection"] == "close"
    assert [look.status_code for look in looks] == [200] * 3
    wait_idle(strict)
    wait_until(lambda: turned_away(strict) == before + 1)


def turned_away(server: RunningServer) -> float:
    """How many requests the server has refused for their connection."""
    sample = r'picoserve_requests_rejected_total{[^}]*limit="max_connections"} (\S+)'
    return sum(map(float, re.findall(sample, server.get("/metrics").text)))


def test_flood_of_connections_is_cut_off(strict: RunningServer) -> None:
    wait_idle(strict)
    before = cuts(strict, "max_connections")
    with contextlib.ExitStack() as stack:
        # Who is being answered gives way to nobody, however fast the server is.
        clients = [
            stack.enter_context(httpx.Client(base_url=strict.url, timeout=20)) for _ in range(3)
        ]
        held = [stack.enter_context(open_stream(client, LONG)) for client in clients]
        flood = [stack.enter_context(connected(strict)) for _ in range(120)]
        for connection in flood:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET ")
        # As many as this may ask how the server is.
        cut_off = [rest_of(connection) for connection in flood[64:]]
        assert [stream.response.status_code for stream in held] == [200] * 3

    assert cut_off == [b""] * (120 - 64)
    wait_until(lambda: strict.answers("/health/ready"))
    assert cuts(strict, "max_connections") >= before + len(cut_off)

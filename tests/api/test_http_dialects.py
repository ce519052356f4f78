"""Requests in other HTTP than plain 1.1, as bytes on real sockets."""

import json
import re
import socket
from collections.abc import Generator

import pytest
from tests.support.server import RunningServer
from tests.support.sockets import answer_of, connected, more_of, rest_of
from tests.support.wire import chat_body, raw_post, read_chunks

LOOK = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
BODY = json.dumps(chat_body(max_tokens=2)).encode()
# As Java's own client makes it, and curl with --http2.
OFFER = (
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)


@pytest.fixture
def connection(server: RunningServer) -> Generator[socket.socket, None, None]:
    with connected(server) as connection:
        yield connection


def in_version(version: bytes, request: bytes) -> bytes:
    return request.replace(b"HTTP/1.1", b"HTTP/" + version, 1)


def with_headers(request: bytes, *headers: bytes) -> bytes:
    line, _, rest = request.partition(b"\r\n")
    return b"\r\n".join([line, *headers, rest])


def test_requests_that_offer_http_2_are_answered(connection: socket.socket) -> None:
    for request in (with_headers(raw_post(BODY), *OFFER),) * 2 + (raw_post(BODY),):
        connection.sendall(request)
        assert answer_of(connection).startswith(b"HTTP/1.1 200")


def test_body_behind_an_offer_of_http_2_may_come_later(connection: socket.socket) -> None:
    request = with_headers(raw_post(BODY), *OFFER, b"Expect: 100-continue")
    connection.sendall(request.removesuffix(BODY))
    assert more_of(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(BODY[:10])
    connection.sendall(BODY[10:])

    assert answer_of(connection).startswith(b"HTTP/1.1 200")


def test_body_behind_an_offer_of_http_2_may_come_in_chunks(connection: socket.socket) -> None:
    head = with_headers(raw_post(BODY), *OFFER).removesuffix(BODY)
    chunked = re.sub(rb"content-length: \d+", b"transfer-encoding: chunked", head)
    connection.sendall(chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))

    assert answer_of(connection).startswith(b"HTTP/1.1 200")


def test_request_that_offers_another_protocol_may_end_the_connection(
    connection: socket.socket,
) -> None:
    connection.sendall(with_headers(raw_post(BODY), b"Connection: close, upgrade", OFFER[1]))

    assert rest_of(connection).startswith(b"HTTP/1.1 200")


def test_offer_of_a_web_socket_is_ignored(server: RunningServer, connection: socket.socket) -> None:
    connection.sendall(with_headers(LOOK, b"Connection: upgrade", b"Upgrade: websocket"))

    assert answer_of(connection).startswith(b"HTTP/1.1 200")
    assert "WebSocket" not in server.log.read_text()


def test_server_is_no_proxy(connection: socket.socket) -> None:
    connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n")

    answer = rest_of(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["param"] is None


@pytest.mark.parametrize("version", [b"1.0", b"2.0"])
def test_stream_for_an_older_client_comes_without_chunks(
    connection: socket.socket, version: bytes
) -> None:
    stream = json.dumps(chat_body(max_tokens=2, stream=True)).encode()
    request = with_headers(raw_post(stream), b"Connection: keep-alive")
    connection.sendall(in_version(version, request))

    head, _, body = rest_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding" not in head
    assert re.findall(rb"connection: .*", head) == [b"connection: close"]
    assert body.startswith(b"data: {")
    assert read_chunks(body)[0]["object"] == "chat.completion.chunk"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [(raw_post(BODY), 200), (raw_post(b"{}"), 400), (LOOK.replace(b"GET", b"HEAD"), 200)],
    ids=["json", "error", "head"],
)
def test_answer_for_an_older_client_keeps_its_length(
    connection: socket.socket, request_bytes: bytes, status: int
) -> None:
    connection.sendall(in_version(b"1.0", request_bytes))

    head, _, body = rest_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status)
    assert b"connection: close" in head
    (length,) = re.findall(rb"content-length: (\d+)", head)
    assert len(body) == (0 if request_bytes.startswith(b"HEAD") else int(length))

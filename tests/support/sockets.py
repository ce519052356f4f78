"""HTTP as bytes on a socket, for what no client library would send."""

import contextlib
import re
import socket

from tests.support.server import PATIENCE_SECONDS, RunningServer


def connected(server: RunningServer) -> socket.socket:
    """A connection that sends what it is given at once."""
    address = ("127.0.0.1", server.port)
    connection = socket.create_connection(address, timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def rest_of(connection: socket.socket) -> bytes:
    """What still comes, up to the end of the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def more_of(connection: socket.socket) -> bytes:
    """What comes next, which has to be something."""
    data = connection.recv(65536)
    assert data, "the connection has ended"
    return data


def answer_of(connection: socket.socket) -> bytes:
    """One answer with a content-length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += more_of(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.findall(rb"content-length: (\d+)", head)[0])
    while len(body) < length:
        body += more_of(connection)
    return head + b"\r\n\r\n" + body

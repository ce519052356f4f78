"""Requests as bodies, and event streams as what they carry."""

import json
import socket
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from tests.support.models import MODEL
from tests.support.server import RunningServer
from tests.support.sockets import connected

Body = dict[str, Any]


def chat_body(text: str = "Hello!", **fields: object) -> Body:
    """A chat request of one message; fields win over the defaults."""
    defaults = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
    return {**defaults, **fields}


def completion_body(prompt: object = "Once upon a time", **fields: object) -> Body:
    """A text completion request."""
    return {"model": MODEL, "prompt": prompt, **fields}


def read_chunks(raw: bytes) -> list[Body]:
    """The chunks of a whole event stream, which has to end in [DONE]."""
    events = [block for block in raw.decode().split("\n\n") if block and block[0] != ":"]
    assert raw.endswith(b"\n\n")
    assert events[-1] == "data: [DONE]", raw[-300:]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]


def chat_text(chunks: list[Body], index: int = 0) -> str:
    """The text of one choice of a chat stream."""
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks
        for choice in chunk["choices"]
        if choice["index"] == index
    )


def stream_chunks(client: httpx.Client, path: str, body: Body) -> list[Body]:
    """Everything that a stream carries."""
    response = client.post(path, json={**body, "stream": True})
    assert response.status_code == 200, response.text
    return read_chunks(response.content)


class OpenStream:
    """A stream that the test reads step by step, or leaves."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        # Kept: httpx closes the connection as soon as nobody holds this iterator.
        self.lines: Iterator[str] = response.iter_lines()

    def text(self) -> str:
        """The next visible text; what comes before is skipped."""
        for data in self.events():
            for choice in data["choices"]:
                text: str = choice["delta"].get("content") or ""
                if text:
                    return text
        raise AssertionError("the stream ended without text")

    def events(self) -> Iterator[Body]:
        """What follows, up to the end mark."""
        for line in self.lines:
            if line == "data: [DONE]":
                return
            if line.startswith("data: "):
                yield json.loads(line[6:])


@contextmanager
def open_stream(
    client: httpx.Client, body: Body, headers: Mapping[str, str] | None = None
) -> Generator[OpenStream, None, None]:
    """A streamed chat completion; leaving the context hangs up."""
    body = {**body, "stream": True}
    with client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as response:
        yield OpenStream(response)


def raw_post(body: bytes, path: str = "/v1/chat/completions", length: int | None = None) -> bytes:
    """A request as its bytes; `length` is what it declares, if not the body's own."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def unread(
    server: RunningServer, body: Body, path: str = "/v1/chat/completions"
) -> Generator[socket.socket, None, None]:
    """A request whose answer nobody reads; leaving the context hangs up, when the test says so."""
    with connected(server) as connection:
        connection.sendall(raw_post(json.dumps(body).encode(), path))
        yield connection


def error_of(response: httpx.Response) -> Body:
    """The error object of an answer, which must have OpenAI's four keys."""
    body = response.json()
    assert list(body) == ["error"]
    error: Body = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert error["code"] is None or isinstance(error["code"], str)
    return error

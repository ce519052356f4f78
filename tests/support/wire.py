"""Requests as bodies, and event streams as what they carry."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
from tests.support.models import MODEL

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


@contextmanager
def open_stream(
    client: httpx.Client, body: Body, path: str = "/v1/chat/completions"
) -> Generator[httpx.Response, None, None]:
    """A stream that the test reads, or leaves, itself."""
    with client.stream("POST", path, json={**body, "stream": True}) as response:
        yield response


def error_of(response: httpx.Response) -> Body:
    """The error object of an answer, which must have OpenAI's four keys."""
    body = response.json()
    assert list(body) == ["error"]
    error: Body = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert error["code"] is None or isinstance(error["code"], str)
    return error

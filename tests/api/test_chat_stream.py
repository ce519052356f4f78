"""The bytes and chunks of a streamed chat completion."""

import socket
from typing import Any

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wire import chat_body, chat_text, read_chunks, stream_chunks

PATH = "/v1/chat/completions"
GREEDY: dict[str, Any] = {"temperature": 0, "max_tokens": 24}


def test_stream_has_only_data_lines_comments_and_blank_lines(http: httpx.Client) -> None:
    raw = http.post(PATH, json=chat_body(stream=True, **GREEDY)).content

    assert b"\r" not in raw
    assert all(line == b"" or line.startswith((b"data: ", b":")) for line in raw.split(b"\n"))
    assert raw.endswith(b"data: [DONE]\n\n")


def test_stream_is_declared_as_one_and_never_cached(http: httpx.Client) -> None:
    headers = http.post(PATH, json=chat_body(stream=True, **GREEDY)).headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["transfer-encoding"] == "chunked"
    assert "no-store" in headers["cache-control"]


@pytest.mark.parametrize(("asked", "told"), [("close", ["close"]), ("keep-alive", [])])
def test_connection_goes_on_as_its_client_wants(
    http: httpx.Client, asked: str, told: list[str]
) -> None:
    body = chat_body(stream=True, **GREEDY)
    response = http.post(PATH, json=body, headers={"connection": asked})

    assert response.headers.get_list("connection") == told


def test_body_ends_right_after_done(server: RunningServer) -> None:
    body = httpx.Request("POST", server.url, json=chat_body(stream=True, **GREEDY)).read()
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            data = connection.recv(65536)
            assert data, received
            received += data

    last = received.removesuffix(b"\r\n0\r\n\r\n")
    assert last.endswith(b"data: [DONE]\n\n")


def test_chunks_share_id_created_and_model(http: httpx.Client, model: str) -> None:
    chunks = stream_chunks(http, PATH, chat_body(**GREEDY, stream_options={"include_usage": True}))

    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    assert chunks[0]["id"].startswith("chatcmpl-")
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in chunks} == {model}


def test_first_chunk_has_the_role_and_no_other_has(http: httpx.Client) -> None:
    chunks = stream_chunks(http, PATH, chat_body(**GREEDY))

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": "", "refusal": None}
    assert not any("role" in delta for delta in deltas[1:])


def test_finish_reason_comes_last_in_a_chunk_of_its_own(http: httpx.Client) -> None:
    chunks = stream_chunks(http, PATH, chat_body(temperature=0, max_tokens=2))

    choices = [chunk["choices"][0] for chunk in chunks]
    assert [choice["finish_reason"] for choice in choices[:-1]] == [None] * (len(choices) - 1)
    assert choices[-1] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "length"}


def test_usage_is_absent_unless_asked_for(http: httpx.Client) -> None:
    plain = stream_chunks(http, PATH, chat_body(**GREEDY))
    refused = stream_chunks(
        http, PATH, chat_body(**GREEDY, stream_options={"include_usage": False})
    )

    assert not any("usage" in chunk for chunk in plain + refused)


def test_usage_is_null_but_in_a_last_chunk_without_choices(http: httpx.Client) -> None:
    chunks = stream_chunks(http, PATH, chat_body(**GREEDY, stream_options={"include_usage": True}))

    *others, last = chunks
    assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in others)
    assert last["choices"] == []
    usage = last["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 0 < usage["completion_tokens"] <= GREEDY["max_tokens"]


@pytest.mark.parametrize("fields", [GREEDY, {"temperature": 1.3, "seed": 5, "max_tokens": 24}])
def test_stream_folded_is_the_json_answer(http: httpx.Client, fields: dict[str, Any]) -> None:
    body = chat_body("What is your name?", **fields)

    answer = http.post(PATH, json=body).json()
    chunks = stream_chunks(http, PATH, body | {"stream_options": {"include_usage": True}})

    choice = answer["choices"][0]
    assert chat_text(chunks) == choice["message"]["content"]
    assert chunks[-2]["choices"][0]["finish_reason"] == choice["finish_reason"]
    counts = ("prompt_tokens", "completion_tokens", "total_tokens")
    assert [chunks[-1]["usage"][name] for name in counts] == [
        answer["usage"][name] for name in counts
    ]


def test_each_choice_of_a_stream_is_one_whole_reply(http: httpx.Client) -> None:
    body = chat_body("Tell me a story.", n=5, seed=11, max_tokens=12)

    chunks = stream_chunks(http, PATH, body)
    answer = http.post(PATH, json=body).json()

    assert all(len(chunk["choices"]) == 1 for chunk in chunks)
    for index, choice in enumerate(answer["choices"]):
        own = [c["choices"][0] for c in chunks if c["choices"][0]["index"] == index]
        assert chat_text(chunks, index) == choice["message"]["content"]
        assert [part for part in own if "role" in part["delta"]] == own[:1]
        assert own[-1]["finish_reason"] == choice["finish_reason"]


def test_alias_is_echoed_as_the_model(http: httpx.Client) -> None:
    chunks = stream_chunks(http, PATH, chat_body(**GREEDY, model="openai/gpt-4.1-mini"))

    assert {chunk["model"] for chunk in chunks} == {"openai/gpt-4.1-mini"}


def test_error_before_the_first_event_is_a_status_not_a_stream(http: httpx.Client) -> None:
    response = http.post(PATH, json=chat_body("word " * 3000, stream=True))

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"


def test_connection_serves_the_next_request_after_a_stream(server: RunningServer) -> None:
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(base_url=server.url, limits=limits, timeout=20) as client:
        for _ in range(3):
            read_chunks(client.post(PATH, json=chat_body(stream=True, **GREEDY)).content)

"""Requests that cannot be served: status, field and code, before any engine is touched."""

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.models import MODEL
from tests.support.server import RunningServer, running_server
from tests.support.wire import chat_body, completion_body, error_of

PATH = "/v1/chat/completions"


def message(**fields: object) -> dict[str, Any]:
    """A request whose second message is this one."""
    return {"messages": [{"role": "user", "content": "Hello!"}, fields]}


BAD_FIELDS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"messages": []}, "messages", "empty_array"),
    ({"messages": None}, "messages", "invalid_type"),
    ({"messages": "Hello!"}, "messages", "invalid_type"),
    ({"messages": {"role": "user", "content": "x"}}, "messages", "invalid_type"),
    ({"messages": ["Hello!"]}, "messages[0]", "invalid_type"),
    (message(role="wizard", content="x"), "messages[1].role", "invalid_value"),
    (message(role="\ud800", content="x"), "messages[1].role", "invalid_value"),
    (message(content="x"), "messages[1].role", "missing_required_parameter"),
    (message(role="user"), "messages[1].content", "missing_required_parameter"),
    (message(role="user", content=None), "messages[1].content", "invalid_type"),
    (message(role="user", content=5), "messages[1].content", "invalid_type"),
    (message(role="user", content={"a": 1}), "messages[1].content", "invalid_type"),
    (message(role="user", content=["x"]), "messages[1].content[0]", "invalid_type"),
    (
        message(role="user", content=[{"text": "x"}]),
        "messages[1].content[0].type",
        "missing_required_parameter",
    ),
    (
        message(role="user", content=[{"type": "text"}]),
        "messages[1].content[0].text",
        "missing_required_parameter",
    ),
    (
        message(role="user", content=[{"type": "smell", "smell": "x"}]),
        "messages[1].content[0].type",
        "invalid_value",
    ),
    (message(role="tool", content="x"), "messages[1].tool_call_id", "missing_required_parameter"),
    (
        message(role="assistant", tool_calls=[{"id": "a", "function": {"name": "f"}}]),
        "messages[1].tool_calls[0].function.arguments",
        "missing_required_parameter",
    ),
    (
        message(
            role="assistant", tool_calls=[{"id": "a", "function": {"name": "f", "arguments": {}}}]
        ),
        "messages[1].tool_calls[0].function.arguments",
        "invalid_type",
    ),
    (message(role="user", content="a\0b"), "messages[1].content", "invalid_value"),
    (message(role="user", content="a\ud800b"), "messages[1].content", "invalid_value"),
    (
        message(role="user", content=[{"type": "text", "text": "\udfff"}]),
        "messages[1].content[0].text",
        "invalid_value",
    ),
    (message(role="assistant", refusal="\0"), "messages[1].refusal", "invalid_value"),
    (message(role="function", name="f\ud800"), "messages[1].name", "invalid_value"),
    ({"model": None}, "model", "invalid_type"),
    ({"model": 5}, "model", "invalid_type"),
    ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
    ({"temperature": -0.1}, "temperature", "decimal_below_min_value"),
    ({"temperature": 200}, "temperature", "decimal_above_max_value"),
    ({"temperature": "1"}, "temperature", "invalid_type"),
    ({"temperature": True}, "temperature", "invalid_type"),
    ({"top_p": 1.5}, "top_p", "decimal_above_max_value"),
    ({"top_p": -1.5}, "top_p", "decimal_below_min_value"),
    ({"presence_penalty": 2.5}, "presence_penalty", "decimal_above_max_value"),
    ({"frequency_penalty": -2.5}, "frequency_penalty", "decimal_below_min_value"),
    ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
    ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
    ({"max_completion_tokens": -1}, "max_completion_tokens", "integer_below_min_value"),
    ({"max_completion_tokens": "9"}, "max_completion_tokens", "invalid_type"),
    ({"n": 0}, "n", "integer_below_min_value"),
    ({"n": 129}, "n", "integer_above_max_value"),
    ({"n": True}, "n", "invalid_type"),
    ({"seed": 2**63}, "seed", "integer_above_max_value"),
    ({"seed": 1.5}, "seed", "invalid_type"),
    ({"stop": 5}, "stop", "invalid_type"),
    ({"stop": [5]}, "stop[0]", "invalid_type"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "array_above_max_length"),
    ({"stop": "\0"}, "stop[0]", "invalid_value"),
    ({"stop": ["a", "\ud800"]}, "stop[1]", "invalid_value"),
    ({"stream": "yes"}, "stream", "invalid_type"),
    ({"stream_options": {}}, "stream_options", None),
    ({"stream_options": [], "stream": True}, "stream_options", "invalid_type"),
    (
        {"stream_options": {"include_usage": "yes"}, "stream": True},
        "stream_options.include_usage",
        "invalid_type",
    ),
    ({"logprobs": 2}, "logprobs", "invalid_type"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
    ({"logprobs": True, "top_logprobs": -1}, "top_logprobs", "integer_below_min_value"),
    ({"top_logprobs": 2}, "top_logprobs", None),
    ({"logit_bias": {"50256": -100}}, "logit_bias", "unsupported_parameter"),
    ({"logit_bias": [1]}, "logit_bias", "invalid_type"),
    ({"audio": {"voice": "alloy"}}, "audio", "unsupported_parameter"),
    ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
    ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
    (
        {"moderation": {"policy": {"output": {"mode": "block"}}}},
        "moderation.policy.output.mode",
        "unsupported_value",
    ),
    (
        {"moderation": {"policy": {"input": {"mode": "block"}, "output": {"mode": "score"}}}},
        "moderation.policy.input.mode",
        "unsupported_value",
    ),
    ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
    ({"response_format": {}}, "response_format.type", "missing_required_parameter"),
    (
        message(role="user", content=[{"type": "input_audio", "input_audio": {}}]),
        "messages[1].content[0]",
        "unsupported_value",
    ),
    (
        message(role="user", content=[{"type": "image_url", "image_url": {"url": "http://x/y"}}]),
        "messages[1].content[0]",
        "unsupported_value",
    ),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("fields", "param", "code"), BAD_FIELDS)
def test_bad_field_is_a_400_that_names_it(
    http: httpx.Client, fields: dict[str, Any], param: str, code: str | None, stream: bool
) -> None:
    body = chat_body() | ({"stream": True} if stream else {}) | fields
    if stream and param == "stream_options" and code is None:
        body["stream"] = False

    response = http.post(PATH, content=json.dumps(body))

    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/json"
    error = error_of(response)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_value_out_of_range_reads_as_openai_words_it(http: httpx.Client) -> None:
    error = error_of(http.post(PATH, json=chat_body(temperature=2.5)))

    assert error["message"] == (
        "Invalid 'temperature': decimal above maximum value. "
        "Expected a value <= 2, but got 2.5 instead."
    )


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_missing_field_is_named(http: httpx.Client, missing: str) -> None:
    body = chat_body()
    del body[missing]

    response = http.post(PATH, json=body)

    assert response.status_code == 400
    assert error_of(response)["param"] == missing


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'model': 1}",
        b'{"model": "\xff"}',
        b'{"model": "x"} trailing',
        b'{"temperature": NaN}',
        b'{"model": "\\ud800"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_body_that_is_not_json_is_told_so(http: httpx.Client, body: bytes) -> None:
    response = http.post(PATH, content=body)

    assert response.status_code == 400
    error = error_of(response)
    assert error["message"].startswith("We could not parse the JSON body of your request.")
    assert (error["param"], error["code"]) == (None, None)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"true"])
def test_body_that_is_no_object_is_told_so(http: httpx.Client, body: bytes) -> None:
    response = http.post(PATH, content=body)

    assert response.status_code == 400
    assert error_of(response)["code"] == "invalid_type"


@pytest.mark.parametrize("name", ["gpt-9", "", "picoserve-tiny ", "\ud800", "\0", "x" * 10_000])
def test_unknown_model_is_not_found(http: httpx.Client, name: str) -> None:
    response = http.post(PATH, content=json.dumps(chat_body(model=name)))

    assert response.status_code == 404
    error = error_of(response)
    assert (error["type"], error["param"]) == ("invalid_request_error", "model")
    assert error["code"] == "model_not_found"


def test_number_too_large_for_any_type_is_refused(http: httpx.Client) -> None:
    for value in ("1e999", "-1e999", "1" * 400):
        body = json.dumps(chat_body()).replace("{", f'{{"temperature": {value}, ', 1)
        assert http.post(PATH, content=body).status_code == 400


@pytest.mark.parametrize("stream", [False, True])
def test_prompt_beyond_the_context_is_told_with_both_counts(
    http: httpx.Client, stream: bool
) -> None:
    length = http.get("/v1/models/tiny").json()["max_model_len"]

    response = http.post(PATH, json=chat_body("a b c " * length, stream=stream))

    assert response.status_code == 400
    error = error_of(response)
    assert (error["param"], error["code"]) == ("messages", "context_length_exceeded")
    words = error["message"].split()
    counts = [int(word) for word in words if word.isdigit()]
    assert counts[0] == length < counts[1]


def test_prompt_far_beyond_the_context_is_refused_too(http: httpx.Client) -> None:
    response = http.post(PATH, json=chat_body("word " * 1_000_000))

    assert response.status_code == 400
    assert error_of(response)["code"] == "context_length_exceeded"


def test_prompt_that_just_fits_is_answered(http: httpx.Client) -> None:
    length = http.get("/v1/models/tiny").json()["max_model_len"]
    body = chat_body("a", max_tokens=1)
    fixed = http.post(PATH, json=body).json()["usage"]["prompt_tokens"]
    letter = http.post(PATH, json=chat_body("a a a", max_tokens=1)).json()["usage"]["prompt_tokens"]
    per_letter = (letter - fixed) // 2
    words = "a" + " a" * ((length - fixed - 8) // per_letter)

    response = http.post(PATH, json=chat_body(words))

    assert response.status_code == 200
    usage = response.json()["usage"]
    assert usage["total_tokens"] <= length


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("PUT", PATH, 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/tiny", 405),
        ("POST", "/health", 405),
        ("GET", "/v1/unknown", 404),
        ("POST", "/v1/unknown", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/health/", 404),
        ("POST", f"{PATH}/", 404),
        ("POST", "/chat/completions", 404),
    ],
)
def test_wrong_address_or_method_has_openai_error_body(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    response = http.request(method, path)

    assert response.status_code == status
    assert error_of(response)["type"] == "invalid_request_error"
    if status == 405:
        assert response.headers["allow"]


LIMIT = 8 * 1024 * 1024


def test_body_just_below_the_limit_is_read(http: httpx.Client) -> None:
    response = http.post(PATH, json=chat_body("x" * (LIMIT - 300)))

    assert response.status_code == 400
    assert error_of(response)["code"] == "context_length_exceeded"


def test_declared_body_above_the_limit_is_refused_unread(server: RunningServer) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {LIMIT + 1}\r\n\r\n"

    assert _status_of(server, [head.encode()]) == 413


def test_chunked_body_is_refused_as_it_grows_too_large(server: RunningServer) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    part = b"x" * 65536
    chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n"

    assert _status_of(server, [head.encode(), *[chunk] * (LIMIT // len(part) + 1)]) == 413


def _status_of(server: RunningServer, parts: list[bytes]) -> int:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while not answer.endswith(b"}}"):
            data = connection.recv(65536)
            assert data, answer
            answer += data
    assert b'"code":"payload_too_large"' in answer
    return int(answer.split()[1])


def test_fields_nobody_knows_are_refused_where_configured(tmp_path: Path) -> None:
    config = '[server]\nunknown_fields = "reject"\n'
    with (
        running_server(tmp_path, config) as strict,
        httpx.Client(base_url=strict.url, timeout=20) as client,
    ):
        unknown = client.post(PATH, json=chat_body(top_k=5))
        surrogate = client.post(PATH, content=json.dumps(chat_body() | {"\ud800": 1}))
        known = client.post(PATH, json=chat_body(user="u", store=False, max_tokens=1))
        named = chat_body(max_tokens=1, messages=[{"role": "user", "content": "Hi", "name": "Ann"}])
        speaker = client.post(PATH, json=named)
        text = completion_body(max_tokens=1, user="u", response_format=None, tools=[])
        others = [
            client.post("/v1/completions", json=text | {"max_completion_tokens": 5}),
            client.post("/v1/embeddings", json={"model": MODEL, "input": "x", "n": 1}),
            client.post("/tokenize", json=completion_body(add_special_tokens=False)),
            client.post("/tokenize", json=chat_body(add_generation_prompt=False)),
            client.post(f"{PATH}/input_tokens", json=chat_body(top_k=5)),
            client.post(f"{PATH}/render", json=chat_body(top_k=5)),
            client.post(PATH, json=chat_body(response_format={"type": "text", "schema": {}})),
        ]
        own = client.post("/v1/completions", json=text)

    assert [(response.status_code, error_of(response)["param"]) for response in others] == [
        (400, "max_completion_tokens"),
        (400, "n"),
        (400, "add_special_tokens"),
        (400, "add_generation_prompt"),
        (400, "top_k"),
        (400, "top_k"),
        (400, "response_format.schema"),
    ]
    assert {error_of(response)["code"] for response in others} == {"unknown_parameter"}
    assert own.status_code == 200, own.text
    assert unknown.status_code == surrogate.status_code == 400
    error = error_of(unknown)
    assert (error["param"], error["code"]) == ("top_k", "unknown_parameter")
    assert known.status_code == speaker.status_code == 200


def test_bad_requests_touch_no_engine(http: httpx.Client, server: RunningServer) -> None:
    assert {engine["restarts"] for engine in server.health()["engines"]} == {0}
    assert server.busy() == 0

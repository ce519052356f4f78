import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.completions import CompletionRequest
from picoserve.openai_api.error_body import error_bytes
from picoserve.openai_api.validation import parse_body

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
GOOD: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f"}}]},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    "stop": ["a"],
    "stream_options": {"include_usage": True},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
}


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path] * bool(path) + [p for key, item in items for p in places(item, (*path, key))]


@given(place=st.sampled_from(places(GOOD)), value=JSON)
@settings(max_examples=200)
def test_anything_anywhere_is_a_request_or_an_error_that_can_be_shown(
    place: tuple[str | int, ...], value: object
) -> None:
    body = json.loads(json.dumps(GOOD))
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value

    shown = _error_shown(json.dumps(body).encode())

    if shown is not None:
        assert shown["message"]
        assert shown["type"] == "invalid_request_error"
        assert not shown["param"] or shown["param"].startswith((*GOOD, str(place[0])))


def _error_shown(body: bytes) -> dict[str, Any] | None:
    try:
        parse_body(ChatRequest, body)
    except InvalidRequestError as error:
        shown: dict[str, Any] = json.loads(error_bytes(error))["error"]
        return shown
    return None


@given(body=st.binary(max_size=60))
@settings(max_examples=100)
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse_body(CompletionRequest, body)


def test_message_does_not_repeat_a_long_value() -> None:
    body = {"model": "m", "messages": [{"role": "x" * 10_000, "content": ""}]}

    with pytest.raises(InvalidRequestError) as error:
        parse_body(ChatRequest, json.dumps(body).encode())

    assert len(error.value.message) < 500


def test_deepest_fault_is_the_one_that_is_told() -> None:
    body = {"model": "m", "temperature": 9, "messages": [{"role": "user", "content": [{}]}]}

    with pytest.raises(InvalidRequestError) as error:
        parse_body(ChatRequest, json.dumps(body).encode())

    assert error.value.param == "messages[0].content[0].type"


def test_unknown_fields_are_kept_for_the_server_to_name() -> None:
    request = parse_body(
        ChatRequest, b'{"model":"m","messages":[{"role":"user","content":""}],"q":1}'
    )

    assert request.model_extra == {"q": 1}

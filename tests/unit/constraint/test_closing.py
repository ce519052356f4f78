import json
import time

import pytest
from tests.unit.constraint import schemas
from typing_extensions import override

from picoserve.constraint import Kind, compile_grammar
from picoserve.constraint.closing import first_token, shortest_end, undo_comma, undo_key
from picoserve.constraint.matcher import Matcher


def matcher_for(schema: object, text: bytes) -> Matcher:
    assert isinstance(schema, dict)
    matcher = compile_grammar(Kind.JSON_SCHEMA, schema).new_matcher()
    assert matcher.feed(text) == len(text)
    return matcher


def end_of(schema: object, text: bytes) -> bytes | None:
    return shortest_end(matcher_for(schema, text), (), limit=2000, seconds=5)


@pytest.mark.parametrize(
    ("schema", "text", "end"),
    [
        ({}, b'{"a": [1, {"b": "c', b'"}]}'),
        ({}, b"[tr", b"ue]"),
        ({}, b"[-", b"1]"),
        ({}, b"[1e", b"1]"),
        ({}, b'["\\u', b'000a"]'),
        ({"type": "string"}, b'"\xe2', None),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, b"0.", b"1"),
        ({"type": "string", "pattern": "^a+\\.com$"}, b'"aaaa', b'.com"'),
        ({"type": "string", "minLength": 5}, b'"ab', b'aaa"'),
        ({"enum": ["red", "green"]}, b'"gr', b'een"'),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, b"[7", b", 0, 0]"),
    ],
)
def test_the_end_is_short(schema: dict[str, object], text: bytes, end: bytes | None) -> None:
    found = end_of(schema, text)

    if end is not None:
        assert found == end
    assert found is not None
    assert json.loads(text + found) is not False


def test_recursion_ends() -> None:
    schema = schemas.ALL["recursive_tree"][0]

    assert end_of(schema, b'{"l": [{"l": [') == b'], "v": ""}], "v": ""}'


def test_no_end_within_the_limit_is_none() -> None:
    matcher = matcher_for({"type": "string", "minLength": 500}, b'"')

    assert shortest_end(matcher, (), limit=100, seconds=1) is None
    assert shortest_end(matcher, (), limit=1000, seconds=0) is None


class Delayed(Matcher):
    """One whose thread is kept waiting at each step, as on a machine that does much else."""

    @override
    def feed(self, data: bytes, *, bounded: bool = True) -> int:
        time.sleep(0.1)
        return super().feed(data, bounded=bounded)


def test_time_in_which_others_run_is_not_taken_from_the_search() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 3}
    matcher = Delayed(compile_grammar(Kind.JSON_SCHEMA, schema).text)

    assert shortest_end(matcher, (), limit=100, seconds=0.2) == b"[0, 0, 0]"


def test_first_token_is_a_whole_string_or_number() -> None:
    schema = schemas.ALL["get_weather"][0]

    assert first_token(matcher_for(schema, b'{"location": "x'), b'", "unit": "c"') == b'"'
    assert first_token(matcher_for(schema, b'{"location": "x"'), b', "unit"') == b","
    assert first_token(matcher_for({"type": "array"}, b"[1"), b"23, 4]") == b"23,"


def test_an_unseen_comma_is_given_back_where_the_container_may_end() -> None:
    matcher = matcher_for({"type": "array"}, b"[1, ")
    undo_comma(matcher)
    assert matcher.text == b"[1"

    matcher = matcher_for(schemas.ALL["get_weather"][0], b'{"location": "x", ')
    undo_comma(matcher)
    assert matcher.text == b'{"location": "x", '


_LISTED = {"a": {"type": "integer"}, "days": {"type": "integer"}, "daily": {"type": "integer"}}
_OPEN = {"type": "object", "properties": _LISTED, "additionalProperties": True}
_CLOSED = {"type": "object", "properties": _LISTED, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "text", "left"),
    [
        (_OPEN, b'{"x": 1, "days', b'{"x": 1'),
        (_OPEN, b'{"days": 1, "a', b'{"days": 1'),
        (_OPEN, b'{"x": {"days": 1}, "y": [], "a', b'{"x": {"days": 1}, "y": []'),
        (_OPEN, b'{"x": 1, "day', None),
        (_OPEN, b'{"days', None),
        (_OPEN, b'{"x": "days', None),
        (_CLOSED, b'{"a": 1, "da', None),
        ({"type": "string", "minLength": 9}, b'"days', None),
    ],
)
def test_key_in_the_wrong_place_is_given_back(
    schema: object, text: bytes, left: bytes | None
) -> None:
    matcher = matcher_for(schema, text)

    assert undo_key(matcher) == (left is not None)
    assert matcher.text == (text if left is None else left)

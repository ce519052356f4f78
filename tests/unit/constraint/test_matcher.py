import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.constraint import schemas

from picoserve.constraint import Kind, compile_grammar
from picoserve.constraint.matcher import Matcher

_WEATHER = compile_grammar(Kind.JSON_SCHEMA, schemas.ALL["get_weather"][0])
_WORST = compile_grammar(Kind.JSON_SCHEMA, schemas.ALL["worst"][0])


def test_feed_stops_before_the_first_illegal_byte() -> None:
    matcher = _WEATHER.new_matcher()

    assert matcher.feed(b'{"location": "x", "place"') == 19
    assert matcher.text == b'{"location": "x", "'
    assert matcher.in_string


def test_forced_bytes_follow_house_style() -> None:
    matcher = _WEATHER.new_matcher()

    assert matcher.forced() == b'{"location": "'
    matcher.feed(b'{"location":"x"')
    assert matcher.forced() == b', "unit":'
    assert matcher.text == b'{"location":"x"'


def test_a_copy_goes_its_own_way() -> None:
    matcher = _WEATHER.new_matcher()
    matcher.feed(b'{"location"')
    twin = matcher.copy()

    twin.feed(b': "Paris"')

    assert matcher.text == b'{"location"'
    assert matcher.feed(b":") == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_rollback_is_as_if_the_bytes_never_came(first: int, second: int) -> None:
    text = json.dumps(schemas.ALL["worst"][1]).encode()
    low, high = sorted((first % len(text), second % len(text)))
    matcher, fresh = _WORST.new_matcher(), _WORST.new_matcher()
    matcher.feed(text[:high])
    matcher.rollback(high - low)
    fresh.feed(text[:low])

    assert matcher.text == fresh.text
    assert matcher.place == fresh.place
    assert matcher.legal() == fresh.legal()
    assert matcher.feed(text[low:]) == len(text) - low
    assert matcher.is_complete


def test_more_than_all_cannot_be_given_back() -> None:
    with pytest.raises(ValueError, match="cannot give back"):
        _WEATHER.new_matcher().rollback(1)


def test_bounds_yield_only_where_nothing_else_is_legal() -> None:
    matcher = compile_grammar(Kind.JSON_SCHEMA, {"type": "array"}).new_matcher()
    assert matcher.feed(b"[" + b"7" * 30) == 25
    assert b"7" not in matcher.legal()
    assert matcher.feed(b"7", bounded=False) == 1

    deep = compile_grammar(Kind.JSON_SCHEMA, {}).new_matcher()
    assert deep.feed(b"[" * 60) == 48
    assert b"[" not in deep.legal()


def test_put_takes_all_or_nothing() -> None:
    matcher = _WEATHER.new_matcher()

    assert not matcher.put(b'{"loc":')
    assert matcher.text == b""
    assert matcher.put(b'{"loc')


def test_other_grammars_have_no_strings() -> None:
    matcher = Matcher(compile_grammar(Kind.REGEX, '"a*').text, is_json=False)
    matcher.feed(b'"aa')

    assert not matcher.in_string
    assert matcher.is_accepting

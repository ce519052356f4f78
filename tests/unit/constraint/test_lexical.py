import pytest

from picoserve.constraint import lexical


def test_places_know_strings_and_escapes() -> None:
    assert list(lexical.places(b'["a\\"b"]', lexical.OUTSIDE)) == [0, 1, 1, 2, 1, 1, 0, 0]


def test_places_do_not_depend_on_the_cut() -> None:
    text = b'{"a\\\\": "b\\"c", "d": [1, "\\u00e9"]}'
    whole = lexical.places(text, lexical.OUTSIDE)
    for at in range(1, len(text)):
        head = lexical.places(text[:at], lexical.OUTSIDE)
        assert head + lexical.places(text[at:], head[-1]) == whole


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (b'{"a": 1', 0),
        (b'{"a": 1,', 1),
        (b'{"a": 1, \n ', 4),
        (b'{"a": ', 1),
        (b'{"a b', 0),
        (b'{"a  ', 2),
        (b'{"a\\', 1),
        (b'{"a\\u00', 4),
        (b'{"a\\u00e9', 0),
        (b'{"a\\\\u00', 0),
        (b'{"\xf0\x9f\x98', 3),
        (b'{"\xc3\xa9', 0),
    ],
)
def test_bytes_that_may_be_taken_back_are_held(text: bytes, held: int) -> None:
    place = lexical.places(text, lexical.OUTSIDE)[-1]

    assert lexical.held_bytes(text, place) == held


@pytest.mark.parametrize(
    ("text", "open_key"),
    [
        (b'{"', b'"'),
        (b'{ "k\\"', b'"k\\"'),
        (b'{"a": 1, "k', b', "k'),
        (b'{"a": "x, y", "', b', "'),
        (b'[{"a": [1, {"b": "}"}], "k', b', "k'),
        (b'{"a": {"b": []},\n"k', b',\n"k'),
        (b"", b""),
        (b'"v', b""),
        (b'{"a": "v', b""),
        (b'{"a":"v, {', b""),
        (b'["v', b""),
        (b'{"a": ["x", "v', b""),
        (b'[{"a": 1}, "v', b""),
        (b'{"a": 1,', b""),
        (b'{"a": 1, "k"', b""),
    ],
)
def test_open_key_is_known_with_its_comma(text: bytes, open_key: bytes) -> None:
    size = lexical.open_key_bytes(text, lexical.places(text, lexical.OUTSIDE))

    assert text[len(text) - size :] == open_key


def test_bounds_find_the_first_byte_too_many() -> None:
    digits = b"[" + b"1" * 30
    where = lexical.places(digits, lexical.OUTSIDE)
    assert lexical.first_excess(b"", b"", digits, where) == 25
    assert lexical.at_bound(digits[:25], lexical.OUTSIDE) == b"0123456789"

    quoted = b'"' + b"1" * 30 + b" " * 70
    where = lexical.places(quoted, lexical.OUTSIDE)
    assert lexical.first_excess(b"", b"", quoted, where) == 31 + 64


def test_ruts_are_short_periods_over_a_long_stretch() -> None:
    assert lexical.is_periodic(b"abc" * 60)
    assert not lexical.is_periodic(b"abc" * 40)
    assert not lexical.is_periodic(bytes(range(200)))

"""Finding the beginning of a document in what a model says."""

import pytest
from tests.unit.output.engine_play import CACHE

from picoserve.constraint import Kind
from picoserve.output.preamble import Preamble, openers


def test_document_begins_at_its_first_bracket() -> None:
    preamble = Preamble(CACHE.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"}))

    assert preamble.start_in(b"Sure: ") is None
    assert preamble.start_in(b"here [ {") == 7
    assert not preamble.is_too_long


def test_talk_has_an_end() -> None:
    preamble = Preamble(CACHE.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"}))

    for _ in range(30):
        assert preamble.start_in(b"x" * 100) is None

    assert preamble.is_too_long


@pytest.mark.parametrize(
    ("kind", "source", "bytes_"),
    [
        (Kind.JSON_SCHEMA, {"type": "object"}, b"{"),
        (Kind.JSON_SCHEMA, {"type": ["array", "object"]}, b"[{"),
        (Kind.JSON_SCHEMA, {"type": "boolean"}, b"ft"),
        (Kind.CHOICE, ["yes", "no"], b"ny"),
    ],
)
def test_first_bytes_of_a_document_are_known(kind: Kind, source: object, bytes_: bytes) -> None:
    assert openers(CACHE.get_or_compile(kind, source)) == bytes_  # type: ignore[arg-type]  # any

"""Finding the beginning of a document in what a model says."""

import pytest
from tests.unit.output.engine_play import CACHE

from picoserve.constraint import Kind
from picoserve.output.engine_pieces import EnginePiece
from picoserve.output.preamble import Preamble, openers

CHOICES = ["yes", "no", "hello", "no way", "hold the line please"]


def begun(source: object, said: bytes, size: int, *, kind: Kind = Kind.CHOICE) -> bytes:
    """What a document begins with, and what was read with it; checks its position."""
    preamble = Preamble(CACHE.get_or_compile(kind, source))  # type: ignore[arg-type]  # any
    for at in range(0, len(said), size):
        found = preamble.feed(EnginePiece(said[at : at + size], 7 + at))
        if found is not None:
            assert said[found.start - 7 :].startswith(found.data)
            return found.data
    held = preamble.end()
    assert held is None or said.endswith(held.data)
    return b"" if held is None else held.data


def test_document_begins_at_its_first_bracket() -> None:
    preamble = Preamble(CACHE.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"}))

    assert preamble.feed(EnginePiece(b"Sure: ")) is None
    assert preamble.feed(EnginePiece(b"here [ {", 6)) == EnginePiece(b"{", 13)
    assert not preamble.is_too_long


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("said", "document"),
    [
        (b"The answer is yes.", b"yes"),
        (b"he said hello", b"hello"),
        (b"Not one of yesterday's, known: no, nothing", b"no"),
        (b"yes", b"yes"),
        (b"no", b"no"),
        (b"no way", b"no way"),
        (b"\xe7\xad\x94\xe6\xa1\x88yes\xe3\x80\x82", b"yes"),
        (b"Please hold the line plus", b"hold the line pl"),
        (b"It is hel", b"hel"),
        (b"Yes_no", b""),
        (b"nothing", b""),
        (b"", b""),
    ],
)
def test_other_documents_begin_at_a_word_and_go_on(said: bytes, document: bytes, size: int) -> None:
    found = begun(CHOICES, said, size)

    assert found.startswith(document)
    assert bool(found) == bool(document)


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("schema", "said", "document"),
    [
        ({"type": "boolean"}, b"it is true.", b"true"),
        ({"type": "integer"}, b"room b2 costs 42 euros", b"42"),
        ({"enum": ["a", "b"]}, b'I say "c" or "b".', b'"b"'),
    ],
)
def test_plain_json_values_begin_so_too(
    schema: object, said: bytes, document: bytes, size: int
) -> None:
    assert begun(schema, said, size, kind=Kind.JSON_SCHEMA).startswith(document)


def test_talk_has_an_end() -> None:
    for kind, source in ((Kind.JSON_SCHEMA, {"type": "object"}), (Kind.CHOICE, ["x-ray"])):
        preamble = Preamble(CACHE.get_or_compile(kind, source))

        for _ in range(30):
            assert preamble.feed(EnginePiece(b"x" * 100)) is None

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

"""A document under way: counted, checked, its failures honest."""

import pytest
from tests.unit.output.engine_play import CACHE

from picoserve.constraint import Grammar, Kind, State
from picoserve.errors import EngineFailedError
from picoserve.generation import TokenChoice, TokenLogprob
from picoserve.output.engine_pieces import EnginePiece, EnginePieces
from picoserve.output.held_document import HeldDocument
from picoserve.output.reply import Tally


def grammar(schema: dict[str, object]) -> Grammar:
    return CACHE.get_or_compile(Kind.JSON_SCHEMA, schema)


def test_everything_is_counted() -> None:
    tally = Tally()
    document = HeldDocument(grammar({"enum": ["red", "rose"]}), tally, EnginePieces(()))

    assert document.start() == b'"r'
    document.feed(EnginePiece(b"blue"))
    assert document.state is State.VIOLATION
    document.repair()
    document.close()

    assert tally.forced_bytes >= 2
    assert tally.repairs == 1
    assert document.finish() in {'"red"', '"rose"'}


def test_repair_takes_the_best_token_that_fits() -> None:
    pieces = EnginePieces(())
    document = HeldDocument(grammar({"enum": ["red", "rose"]}), Tally(), pieces)
    document.start()
    tops = tuple(TokenChoice(text, -2.0) for text in (b"blue", b"ose", b"ed"))
    document.feed(pieces.read(b"green", [TokenLogprob(b"green", -1.0, tops)]))

    document.repair()

    assert document.finish() == '"rose"'


def test_last_check_tells_what_is_broken() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    document = HeldDocument(grammar(schema), Tally(), EnginePieces(()))
    document.feed(EnginePiece(b"[1, 1]"))

    with pytest.raises(EngineFailedError, match="uniqueItems"):
        document.finish()


def test_broken_schema_that_was_no_promise_is_counted_once() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    lax, tally = CACHE.get_or_compile(Kind.JSON_SCHEMA, schema, strict=False), Tally()
    document = HeldDocument(lax, tally, EnginePieces(()))
    document.feed(EnginePiece(b"[1, 1]"))

    assert document.finish() == document.finish() == "[1, 1]"
    assert tally.misses == 1

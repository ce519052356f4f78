"""A document under way: counted, checked, its failures honest."""

import pytest
from tests.unit.output.engine_play import CACHE

from picoserve.constraint import Grammar, Kind, State
from picoserve.errors import EngineFailedError
from picoserve.generation import TokenChoice, TokenLogprob
from picoserve.output.held_document import HeldDocument, openers
from picoserve.output.reply import Tally


def grammar(schema: dict[str, object]) -> Grammar:
    return CACHE.get_or_compile(Kind.JSON_SCHEMA, schema)


def test_everything_is_counted() -> None:
    tally = Tally()
    document = HeldDocument(grammar({"enum": ["red", "rose"]}), tally)

    assert document.start() == b'"r'
    document.feed(b"blue")
    assert document.state is State.VIOLATION
    document.repair()
    document.close()

    assert tally.forced_bytes >= 2
    assert tally.repairs == 1
    assert document.finish() in {'"red"', '"rose"'}


def test_repair_takes_the_best_token_that_fits() -> None:
    document = HeldDocument(grammar({"enum": ["red", "rose"]}), Tally())
    document.start()
    tops = tuple(TokenChoice(text, -2.0) for text in (b"blue", b"ose", b"ed"))
    document.feed(b"green", TokenLogprob(b"green", -1.0, tops))

    document.repair()

    assert document.finish() == '"rose"'


def test_last_check_tells_what_is_broken() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    document = HeldDocument(grammar(schema), Tally())
    document.feed(b"[1, 1]")

    with pytest.raises(EngineFailedError, match="uniqueItems"):
        document.finish()


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

import pickle

import pytest
from tests.unit.constraint import schemas

from picoserve.constraint import Kind, SchemaError, compile_grammar


@pytest.mark.parametrize("name", schemas.ALL)
def test_every_schema_compiles_and_has_a_smallest_document(name: str) -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, schemas.ALL[name][0])

    matcher = grammar.new_matcher()
    assert matcher.feed(grammar.smallest) == len(grammar.smallest)
    assert matcher.is_accepting
    assert grammar.is_json


def test_a_grammar_crosses_process_borders() -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, schemas.ALL["worst"][0])

    assert pickle.loads(pickle.dumps(grammar)) == grammar  # noqa: S301


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (Kind.REGEX, ""),
        (Kind.REGEX, "(("),
        (Kind.REGEX, "(?=a)b"),
        (Kind.REGEX, ["a"]),
        (Kind.CHOICE, []),
        (Kind.CHOICE, "abc"),
        (Kind.CHOICE, ["a", ""]),
        (Kind.CHOICE, ["a", 1]),
        (Kind.CHOICE, ["x" * 300_000]),
        (Kind.LARK, "start: nowhere"),
        (Kind.LARK, 'start: "a" start'),
    ],
)
def test_what_cannot_be_compiled_is_refused(kind: Kind, source: str) -> None:
    with pytest.raises(SchemaError):
        compile_grammar(kind, source)


def test_choices_are_taken_literally() -> None:
    grammar = compile_grammar(Kind.CHOICE, ["a.b|c", "*", "ü \n"])

    for choice in ("a.b|c", "*", "ü \n"):
        matcher = grammar.new_matcher()
        assert matcher.feed(choice.encode()) == len(choice.encode())
        assert matcher.is_accepting
    assert grammar.new_matcher().feed(b"axb") == 1


def test_what_the_grammar_cannot_guarantee_is_refused() -> None:
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, {"type": "object", "minProperties": 2})

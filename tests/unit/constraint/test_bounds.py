import sys
from typing import Any, Final

import pytest

from picoserve.constraint import Kind, SchemaError, check_text, compile_grammar
from picoserve.constraint.lexical import DIGITS

LARGEST: Final = sys.float_info.max
# As C#'s Range attributes, Rust's and protobuf's types and MCP servers send them.
BOUNDS: Final[list[tuple[dict[str, Any], tuple[str, ...]]]] = [
    ({"type": "number", "minimum": 0, "maximum": LARGEST}, ()),
    ({"type": "number", "minimum": -LARGEST, "maximum": LARGEST}, ()),
    ({"type": "integer", "minimum": -1e38, "maximum": 10**DIGITS}, ()),
    ({"type": ["integer", "null"], "minimum": -(10**30)}, ()),
    ({"minimum": 0, "maximum": LARGEST}, ()),
    ({"type": "number", "minimum": 0, "maximum": 2**63 - 1}, ("maximum",)),
    ({"type": "number", "minimum": -1e20, "maximum": 1e20}, ("minimum", "maximum")),
    ({"type": "number", "exclusiveMinimum": 0, "maximum": 3.4028235e38}, ("maximum",)),
    ({"type": "number", "exclusiveMinimum": 5e-324}, ("exclusiveMinimum",)),
    ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, ("minimum",)),
]


@pytest.mark.parametrize(("schema", "deferred"), BOUNDS, ids=str)
def test_no_bound_refuses_a_schema_that_is_not_strict(
    schema: dict[str, Any], deferred: tuple[str, ...]
) -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema, strict=False)

    assert set(grammar.deferred) == set(deferred)
    assert grammar.new_matcher().accepts(b"20")
    assert check_text(grammar.schema, "20").valid


@pytest.mark.parametrize("schema", [schema for schema, deferred in BOUNDS if not deferred], ids=str)
def test_bounds_beyond_all_numbers_here_do_no_harm_to_a_guarantee(schema: dict[str, Any]) -> None:
    assert compile_grammar(Kind.JSON_SCHEMA, schema, strict=True).deferred == ()


def test_the_other_bound_is_held_and_the_last_check_holds_both() -> None:
    schema = {"type": "number", "minimum": 0, "maximum": 1e20}
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema, strict=False)

    assert not grammar.new_matcher().accepts(b"-1")
    assert not check_text(grammar.schema, "1e21").valid


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "minimum": 5, "maximum": 1},
        {"type": "integer", "maximum": -(10**DIGITS)},
    ],
)
def test_bounds_that_nothing_keeps_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, schema, strict=True)


def test_guarantee_that_cannot_be_spelt_is_refused() -> None:
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, {"type": "number", "maximum": 1e20}, strict=True)

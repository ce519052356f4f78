import json
from typing import Any, Final

import pytest

from picoserve.constraint import Kind, SchemaError, SchemaLimits, check_text, compile_grammar
from picoserve.constraint.legible import legible_part

# As zod 4 writes `z.email()`.
EMAIL: Final = {
    "type": "string",
    "format": "email",
    "pattern": (
        "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@"
        "([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$"
    ),
}
LOOKING: Final = {"type": "string", "pattern": "^(?=.*[A-Z]).{8,}$"}
ELSEWHERE: Final = {"$ref": "https://example.org/schema"}


@pytest.mark.parametrize(
    ("schema", "path", "document"),
    [
        (EMAIL, "pattern", "ann@example.org"),
        (LOOKING, "pattern", "x"),
        ({"type": "string", "pattern": "(a)\\1"}, "pattern", "x"),
        ({"type": "string", "pattern": "\\bx\\b"}, "pattern", "y"),
        (ELSEWHERE, "$ref", [1]),
        ({"properties": {"a": ELSEWHERE}}, "properties.a.$ref", {"a": 1}),
        ({"$defs": {"E": EMAIL}, "$ref": "#/$defs/E"}, "$defs.E.pattern", "a@a.aa"),
        ({"items": [LOOKING], "type": "array"}, "items.0.pattern", ["x"]),
        ({"not": LOOKING}, "not.pattern", "x"),
        ({"if": LOOKING, "then": False}, "if.pattern", "x"),
        ({"contains": ELSEWHERE, "type": "array"}, "contains.$ref", []),
        ({"propertyNames": LOOKING, "type": "object"}, "propertyNames.pattern", {"a": 1}),
        ({"oneOf": [LOOKING, {"type": "string"}]}, "oneOf.0.pattern", "x"),
        (
            {
                "properties": {"a": {}},
                "patternProperties": {"^(?!a)": {"type": "null"}},
                "additionalProperties": False,
            },
            "patternProperties.^(?!a)",
            {"a": 1, "b": 2},
        ),
    ],
)
def test_what_cannot_be_read_is_left_out_where_nothing_is_promised(
    schema: dict[str, Any], path: str, document: Any
) -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema, strict=False)
    matcher, text = grammar.new_matcher(), json.dumps(document)

    assert path in grammar.deferred
    assert matcher.feed(text.encode()) == len(text)
    assert matcher.is_accepting
    assert check_text(grammar.schema, text).valid


@pytest.mark.parametrize("schema", [EMAIL, LOOKING, ELSEWHERE])
def test_what_cannot_be_read_is_refused_where_a_guarantee_is_asked_for(schema: Any) -> None:
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, schema, strict=True)


def test_the_rest_of_such_a_schema_holds() -> None:
    schema = {"properties": {"to": EMAIL, "n": {"type": "integer"}}, "required": ["to", "n"]}
    grammar = compile_grammar(Kind.JSON_SCHEMA, schema, strict=False)

    assert grammar.new_matcher().feed(b'{"to": "no') == len(b'{"to": "no')
    assert grammar.new_matcher().feed(b'{"to": ""') < len(b'{"to": ""')
    assert not check_text(grammar.schema, '{"to": "a@a.aa", "n": "1"}').valid


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"pattern": {"type": "string"}, "$ref": {"type": "string"}}},
        {"enum": [{"pattern": "(?=a)"}], "default": ELSEWHERE},
        {"oneOf": [{"type": "string", "pattern": "^a"}], "not": {"pattern": "^b"}},
        {"patternProperties": {"^x": {}}, "additionalProperties": False},
        {"patternProperties": 5, "items": 5, "pattern": 5, "$ref": 5},
        {"type": "string", "pattern": "(a{999}){999}"},
        True,
    ],
)
def test_what_can_be_read_or_is_refused_later_is_as_it_was(schema: Any) -> None:
    assert legible_part(schema, SchemaLimits()) == (schema, ())

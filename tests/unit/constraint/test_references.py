import json
from typing import Any, Final

import pytest
from tests.unit.work import at_most

from picoserve.constraint import Kind, SchemaError, SchemaLimits, check_text, compile_grammar
from picoserve.constraint.references import Targets, pointer, with_visible_targets

TEXT: Final[dict[str, Any]] = {"type": "string"}


def only(schema: object, **more: object) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}, "required": ["a"], **more}


FOLLOWED: Final[dict[str, dict[str, Any]]] = {
    "elsewhere in the document": only(
        {"$ref": "#/components/schemas/X"}, components={"schemas": {"X": TEXT}}
    ),
    "anchor": only({"$ref": "#x"}, **{"$defs": {"X": {"$anchor": "x", **TEXT}}}),
    "no URI": only({"$ref": "#/$defs/List<X>"}, **{"$defs": {"List<X>": TEXT}}),
    "from one to the other": only(
        {"$ref": "#/components/A"}, components={"A": {"$ref": "#/components/B"}, "B": TEXT}
    ),
    "a name that is taken": only(
        {"$ref": "#/x/A"}, **{"x": {"A": TEXT}, "$defs": {"x_A": {"type": "null"}}}
    ),
    "in a list": only({"$ref": "#/examples/0"}, examples=[TEXT]),
    "merged": only({"allOf": [{"$ref": "#/x/A"}, {"maxLength": 5}]}, x={"A": {"$id": "A", **TEXT}}),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", FOLLOWED)
def test_references_within_the_schema_are_followed(name: str, *, strict: bool) -> None:
    grammar = compile_grammar(Kind.JSON_SCHEMA, FOLLOWED[name], strict=strict)

    assert grammar.deferred == ()
    assert grammar.new_matcher().accepts(b'{"a": "x"}')
    assert not grammar.new_matcher().accepts(b'{"a": 1')
    assert check_text(grammar.schema, '{"a": "x"}').valid
    assert not check_text(grammar.schema, '{"a": 1}').valid


def test_schema_that_refers_to_itself_from_elsewhere_is_followed() -> None:
    node = only({"type": "array", "items": {"$ref": "#/parts/N"}})
    grammar = compile_grammar(Kind.JSON_SCHEMA, {"$ref": "#/parts/N", "parts": {"N": node}})

    assert grammar.new_matcher().accepts(b'{"a": [{"a": []}]}')


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": TEXT}},
        {"$ref": "#/properties/a/anyOf/0", "properties": {"a": {"anyOf": [TEXT]}}},
        {"$ref": "#/nowhere"},
        {"$ref": "#nowhere"},
        {"$ref": "https://example.org/a"},
        {"$ref": 5},
        {"$ref": "#/x", "x": TEXT, "$defs": 5},
        {"enum": [{"$ref": "#/enum/0"}]},
        True,
    ],
)
def test_what_is_seen_or_leads_nowhere_is_as_it_was(schema: Any) -> None:
    assert with_visible_targets(schema, SchemaLimits()) is schema


def test_copies_have_a_limit() -> None:
    deep: Any = TEXT
    for _ in range(60):
        deep = {"items": deep}
    references = [{"$ref": "#/x" + "/items" * at} for at in range(60)]
    schema = {"anyOf": references, "x": deep}

    assert with_visible_targets(schema, SchemaLimits())
    with pytest.raises(SchemaError, match="too many parts"):
        with_visible_targets(schema, SchemaLimits(nodes=1000))


def test_many_references_that_are_spelt_alike_are_told_apart() -> None:
    spellings = {f"<{chr(0x4E00 + at)}>": {"const": at} for at in range(2000)}
    schema = {"anyOf": [{"$ref": f"#/x/{name}"} for name in spellings], "x": spellings}

    with at_most(2):
        found = with_visible_targets(schema, SchemaLimits())
        targets = Targets(found)
        assert [targets.find(each["$ref"]) for each in found["anyOf"]] == list(spellings.values())


def test_targets_are_found_by_pointer_and_by_name() -> None:
    targets = Targets({"a/b": {"~ ": [True, {"$anchor": "x"}]}})

    assert targets.find("#/a~1b/~0%20/0") is True
    assert targets.find("#x") == {"$anchor": "x"}
    assert targets.find("#") == json.loads('{"a/b": {"~ ": [true, {"$anchor": "x"}]}}')
    for nothing in ("#/a~1b/~0%20/7", "#/a~1b/c", "#y", "elsewhere", 5):
        assert targets.find(nothing) is None
    assert pointer("#") == ()
    assert pointer("#x") is None

from typing import Any

import pytest
from tests.unit.work import at_most

from picoserve.constraint import Kind, SchemaError, SchemaLimits, compile_grammar
from picoserve.constraint.schema import prepare_schema


def prepared(schema: Any, *, strict: bool = True) -> dict[str, Any]:
    return prepare_schema(schema, strict=strict).schema


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (
            {"properties": {"tags": {"type": "array", "items": {"not": {}}}}},
            "properties.tags.items.not",
        ),
        ({"anyOf": [{"type": "string"}, {"if": {}}]}, "anyOf.1.if"),
        ({"$defs": {"A": {"contains": {}}}, "type": "array"}, "$defs.A.contains"),
        ({"properties": {"a": {"$ref": "http://example.org/s"}}}, "properties.a.$ref"),
        ({"properties": {"a": {"type": "strin"}}}, "properties.a.type"),
        ({"properties": {"a": {"minLength": -1}}}, "properties.a.minLength"),
        ({"properties": {"a": {"minItems": 10**9}}}, "properties.a.minItems"),
        ({"properties": {"a": {"pattern": "(a{999}){999}"}}}, "properties.a.pattern"),
        ({"properties": {"a": 1}}, "properties.a"),
        ({"type": "object", "minProperties": 4}, "minProperties"),
    ],
)
def test_what_is_refused_is_named_by_its_path(schema: dict[str, Any], path: str) -> None:
    with pytest.raises(SchemaError) as caught:
        prepared(schema)

    assert caught.value.path == path
    assert str(caught.value).startswith(path)


def test_faults_that_only_the_compiler_sees_have_a_path_too() -> None:
    schema = {
        "properties": {
            "a": {
                "items": {"minimum": 3, "maximum": 1, "type": "integer"},
                "type": "array",
                "minItems": 1,
            }
        },
        "required": ["a"],
    }

    with pytest.raises(SchemaError) as caught:
        compile_grammar(Kind.JSON_SCHEMA, schema)

    assert caught.value.path.startswith("properties.a")


def test_not_strict_drops_what_it_cannot_hold_and_says_so() -> None:
    schema = {"type": "object", "properties": {"a": {"not": {"type": "null"}}}, "minProperties": 3}

    result = prepare_schema(schema, strict=False)

    assert set(result.deferred) == {"properties.a.not", "minProperties"}


def test_unknown_formats_and_keywords_are_dropped() -> None:
    schema = {"type": "string", "format": "colour", "x-guidance": {"lenient": True}, "title": "T"}

    assert prepared(schema) == {"type": "string"}


def test_unique_items_is_left_to_the_last_check() -> None:
    result = prepare_schema({"type": "array", "uniqueItems": True}, strict=True)

    assert result.deferred == ("uniqueItems",)
    assert "uniqueItems" not in result.schema


def test_listed_property_names_become_properties() -> None:
    schema = {
        "type": "object",
        "propertyNames": {"enum": ["a", "b"]},
        "additionalProperties": {"type": "integer"},
    }

    result = prepared(schema)

    assert result["properties"] == {"a": {"type": "integer"}, "b": {"type": "integer"}}
    assert result["additionalProperties"] is False


def test_objects_are_closed_but_not_where_others_add_to_them() -> None:
    a = {"type": "object", "properties": {"a": {}}}
    assert prepared(a)["additionalProperties"] is False
    assert prepared({**a, "additionalProperties": True})["additionalProperties"] is True
    assert "additionalProperties" not in prepared({"allOf": [a, a]})["allOf"][0]
    assert "additionalProperties" not in prepared({**a, "anyOf": [a]})["anyOf"][0]
    shared = prepared({"$defs": {"A": a}, "$ref": "#/$defs/A", "properties": {"b": {}}})
    assert "additionalProperties" not in shared["$defs"]["A"]
    assert prepared({"anyOf": [a, a]})["anyOf"][0]["additionalProperties"] is False


def test_booleans_are_schemas() -> None:
    assert prepared(True) == {}
    assert prepared({"prefixItems": [True], "items": False})["items"] == {"enum": []}
    with pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, False)


def test_older_lists_of_items_are_understood() -> None:
    schema = {"type": "array", "items": [{"type": "integer"}], "additionalItems": False}

    assert prepared(schema)["prefixItems"] == [{"type": "integer"}]


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


HOSTILE: dict[str, Any] = {
    "not a schema": ["x"],
    "too deep": nested(5000),
    "too large": {"enum": ["x" * 300_000]},
    "too many parts": {"anyOf": [{}] * 100_000},
    "not json": {"minimum": float("nan")},
    "endless": {"$ref": "#"},
    "circle": {
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
        "$ref": "#/$defs/a",
    },
    "endless object": {
        "$defs": {
            "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}, "required": ["b"]}
        },
        "$ref": "#/$defs/a",
    },
    "endless array": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
    "doubling": {
        "$defs": {
            **{
                f"d{at}": {
                    "type": "object",
                    "properties": {
                        "a": {"$ref": f"#/$defs/d{at + 1}"},
                        "b": {"$ref": f"#/$defs/d{at + 1}"},
                    },
                    "required": ["a", "b"],
                }
                for at in range(20)
            },
            "d20": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    "missing": {"$ref": "#/$defs/nowhere"},
    "nothing": {"type": "integer", "minimum": 3, "maximum": 1},
    "empty enum": {"enum": []},
    "long smallest": {
        "type": "array",
        "minItems": 100,
        "items": {"type": "array", "minItems": 100},
    },
    "many patterns": {
        "allOf": [{"type": "string", "pattern": f".*{letter}.*"} for letter in "abcdefghijklmnop"]
    },
    "lookahead": {"type": "string", "pattern": "^(?=.*[A-Z]).{8,}$"},
    "half a character": {"const": "\ud800"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_are_refused_in_time(name: str) -> None:
    with at_most(10), pytest.raises(SchemaError):
        compile_grammar(Kind.JSON_SCHEMA, HOSTILE[name])


def test_harmless_giants_compile() -> None:
    for schema in (
        {"type": "string", "maxLength": 10**12},
        {"enum": list(range(10_000))},
        {"type": "object", "properties": {f"k{at}": {"type": "integer"} for at in range(500)}},
        nested(40),
        {"type": "string", "pattern": "^(x+x+)+y$"},
    ):
        assert compile_grammar(Kind.JSON_SCHEMA, schema).smallest


def test_limits_can_be_set() -> None:
    with pytest.raises(SchemaError):
        prepare_schema({"type": "object"}, strict=True, limits=SchemaLimits(schema_bytes=5))

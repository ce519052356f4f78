"""Schemas with documents that meet them: those LiveKit sends, and a wide set of others.

LiveKit's are as livekit-agents 1.8.9 sends them.
"""

from typing import Any, Final


def obj(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """Write a closed object schema; all properties are required unless some are named."""
    names = list(required) or list(properties)
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
        **more,
    }


_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_NUMBER: Final = {"type": "number"}
_COLOR: Final = {"enum": ["red", "blue"], "type": "string"}
_CAT: Final = obj(
    {"kind": {"const": "cat", "type": "string"}, "lives": {"type": ["integer", "null"]}}
)
_DOG: Final = obj({"kind": {"const": "dog", "type": "string"}, "name": _STRING})
_NODE: Final = obj(
    {
        "value": _INTEGER,
        "children": {"items": {"$ref": "#/$defs/Node"}, "type": ["array", "null"]},
    }
)
_WORST: Final = {
    "$defs": {"Cat": _CAT, "Color": _COLOR, "Dog": _DOG, "Node": _NODE},
    **obj(
        {
            "color": {"$ref": "#/$defs/Color"},
            "opt_color": {"anyOf": [{"$ref": "#/$defs/Color"}, {"type": "null"}]},
            "pet": {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}, {"type": "null"}]},
            "xs": {"items": _INTEGER, "type": ["array", "null"]},
            "m": {"additionalProperties": _INTEGER, "type": ["object", "null"]},
            "tup": {
                "maxItems": 2,
                "minItems": 2,
                "prefixItems": [_INTEGER, _STRING],
                "type": ["array", "null"],
            },
            "n": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            "f": {"type": ["number", "null"]},
            "s": {"maxLength": 5, "minLength": 1, "pattern": "^a", "type": ["string", "null"]},
            "i": {"maximum": 5, "minimum": 1, "type": ["integer", "null"]},
            "c": {"const": "only", "type": "string"},
            "anyv": {},
            "u2": {"anyOf": [_INTEGER, _STRING, {"type": "null"}]},
        }
    ),
}
_WORST_DOCUMENT: Final = {
    "color": "red",
    "opt_color": None,
    "pet": {"kind": "cat", "lives": 9},
    "xs": [1, 2],
    "m": {"a": 1},
    "tup": [1, "x"],
    "n": {"value": 1, "children": [{"value": 2, "children": None}]},
    "f": 1.5,
    "s": "abc",
    "i": 3,
    "c": "only",
    "anyv": {"q": [True, None]},
    "u2": "text",
}
_RESPONSE: Final = {
    "$defs": {
        "Cat": obj({"kind": {"const": "cat", "type": "string"}, "lives": _INTEGER}),
        "Color": _COLOR,
        "Dog": _DOG,
        "Node": obj(
            {"value": _INTEGER, "children": {"items": {"$ref": "#/$defs/Node"}, "type": "array"}}
        ),
    },
    **obj(
        {
            "color": {"$ref": "#/$defs/Color"},
            "nodes": {"items": {"$ref": "#/$defs/Node"}, "type": "array"},
            "pet": {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]},
            "n": {"minimum": 1, "type": "integer"},
            "d": {"additionalProperties": _NUMBER, "type": "object"},
            "mode": {"enum": ["a", "b", None], "type": ["string", "null"]},
        }
    ),
}

LIVEKIT: Final[dict[str, tuple[Any, Any]]] = {
    "get_weather": (
        obj(
            {
                "location": {"description": "City name", "type": "string"},
                "unit": {"enum": ["c", "f", None], "type": ["string", "null"]},
                "days": {"type": ["integer", "null"]},
            }
        ),
        {"location": "Paris", "unit": "c", "days": 3},
    ),
    "save_person": (
        {
            "$defs": {"Addr": obj({"street": _STRING, "zip": {"type": ["string", "null"]}})},
            **obj(
                {
                    "name": _STRING,
                    "addr": {"$ref": "#/$defs/Addr"},
                    "tags": {"items": _STRING, "type": ["array", "null"]},
                }
            ),
        },
        {"name": "Zoë", "addr": {"street": "Rue 1", "zip": None}, "tags": ["a", "b"]},
    ),
    "raw_tool": ({"type": "object", "properties": {"q": _STRING}, "required": ["q"]}, {"q": "hi"}),
    "no_args": ({"properties": {}, "type": "object", "additionalProperties": False}, {}),
    "worst": (_WORST, _WORST_DOCUMENT),
    "worst_response": (
        _RESPONSE,
        {
            "color": "blue",
            "nodes": [{"value": 1, "children": []}],
            "pet": {"kind": "dog", "name": "Rex"},
            "n": 2,
            "d": {"x": 0.5},
            "mode": None,
        },
    ),
}

OTHERS: Final[dict[str, tuple[Any, Any]]] = {
    "voice": (
        obj({"voice_instructions": _STRING, "response": _STRING}),
        {"voice_instructions": "warm, slow", "response": "Hello! How are you? \n Fine."},
    ),
    "nested": (
        obj({"a": obj({"b": obj({"c": obj({"d": _INTEGER})})})}),
        {"a": {"b": {"c": {"d": 7}}}},
    ),
    "enum_strings": (obj({"u": {"enum": ["celsius", "fahrenheit", "kelvin"]}}), {"u": "kelvin"}),
    "enum_mixed": (obj({"u": {"enum": [1, "one", None, True, [1], {"a": 1}]}}), {"u": [1]}),
    "enum_prefixes": (obj({"u": {"enum": ["a", "ab", "abc"]}}), {"u": "ab"}),
    "enum_unicode": (obj({"u": {"enum": ["café", "thé", "日本"]}}), {"u": "café"}),
    "const_number": (obj({"v": {"const": 42}}), {"v": 42}),
    "const_object": (obj({"v": {"const": {"a": [1, 2]}}}), {"v": {"a": [1, 2]}}),
    "any_of_objects": (
        {"anyOf": [obj({"x": _INTEGER}), obj({"y": _STRING})]},
        {"y": "text"},
    ),
    "any_of_types": ({"anyOf": [_INTEGER, _STRING, {"type": "boolean"}]}, True),
    "object_or_array": (
        {"anyOf": [obj({"x": _INTEGER}), {"type": "array", "items": _INTEGER}]},
        [1, 2, 3],
    ),
    "one_of": (
        {"oneOf": [obj({"k": {"const": "a"}}), obj({"k": {"const": "b"}, "n": _NUMBER})]},
        {"k": "b", "n": 2.5},
    ),
    "all_of": (
        {
            "allOf": [
                {"type": "object", "properties": {"a": _INTEGER}, "required": ["a"]},
                {"type": "object", "properties": {"b": _STRING}, "required": ["b"]},
            ]
        },
        {"a": 1, "b": "x"},
    ),
    "recursive_root": (
        obj({"v": _INTEGER, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}),
        {"v": 1, "next": {"v": 2, "next": None}},
    ),
    "recursive_tree": (
        {
            "$defs": {
                "T": obj({"l": {"type": "array", "items": {"$ref": "#/$defs/T"}}, "v": _STRING})
            },
            "$ref": "#/$defs/T",
        },
        {"l": [{"l": [], "v": "leaf"}], "v": "root"},
    ),
    "pattern_code": (
        obj({"code": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"}}),
        {"code": "ABC-1234"},
    ),
    "pattern_suffix": (obj({"f": {"type": "string", "pattern": "\\.com$"}}), {"f": "www.a.com"}),
    "pattern_choice": (
        obj({"t": {"type": "string", "pattern": "^(morning|noon|night)$"}}),
        {"t": "noon"},
    ),
    "formats": (
        obj(
            {
                "d": {"type": "string", "format": "date"},
                "t": {"type": "string", "format": "date-time"},
                "e": {"type": "string", "format": "email"},
                "u": {"type": "string", "format": "uuid"},
                "i": {"type": "string", "format": "ipv4"},
            }
        ),
        {
            "d": "2026-11-21",
            "t": "2026-11-21T10:00:00Z",
            "e": "ann@example.org",
            "u": "123e4567-e89b-42d3-a456-426614174000",
            "i": "10.0.0.1",
        },
    ),
    "more_formats": (
        obj(
            {
                "t": {"type": "string", "format": "time"},
                "p": {"type": "string", "format": "duration"},
                "h": {"type": "string", "format": "hostname"},
                "l": {"type": "string", "format": "uri"},
                "o": {"type": "string", "format": "colour-name"},
            }
        ),
        {"t": "10:00:00Z", "p": "PT5M", "h": "example.org", "l": "https://e.org/a", "o": "teal"},
    ),
    "bounds_integer": (
        obj({"age": {"type": "integer", "minimum": 18, "maximum": 120}}),
        {"age": 42},
    ),
    "bounds_negative": (
        obj({"t": {"type": "integer", "minimum": -40, "maximum": -10}}),
        {"t": -12},
    ),
    "bounds_exclusive": (
        obj({"p": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}}),
        {"p": 0.25},
    ),
    "bounds_decimal": (
        obj({"p": {"type": "number", "minimum": 0.1, "maximum": 0.35}}),
        {"p": 0.1},
    ),
    "multiple_of": (obj({"n": {"type": "integer", "multipleOf": 5}}), {"n": 35}),
    "multiple_of_cents": (obj({"n": {"type": "number", "multipleOf": 0.01}}), {"n": 0.07}),
    "large_minimum": (obj({"n": {"type": "integer", "minimum": 10**15}}), {"n": 10**15 + 3}),
    "min_items": (
        obj({"xs": {"type": "array", "items": _INTEGER, "minItems": 3, "maxItems": 5}}),
        {"xs": [1, 2, 3, 4]},
    ),
    "array_of_objects": (
        obj({"rows": {"type": "array", "items": obj({"k": _STRING, "v": _NUMBER})}}),
        {"rows": [{"k": "a", "v": 1}, {"k": "b", "v": 2.5}]},
    ),
    "array_root": ({"type": "array", "items": _STRING, "minItems": 1}, ["a", "b"]),
    "matrix": (
        obj({"m": {"type": "array", "items": {"type": "array", "items": _NUMBER}}}),
        {"m": [[1, 0], [0, 1]]},
    ),
    "prefix_items": (
        obj(
            {
                "p": {
                    "type": "array",
                    "prefixItems": [_STRING, _NUMBER],
                    "minItems": 2,
                    "items": False,
                }
            }
        ),
        {"p": ["x", 1.5]},
    ),
    "nullable": (
        obj({"a": {"type": ["string", "null"]}, "b": {"type": ["boolean", "null"]}}),
        {"a": None, "b": True},
    ),
    "optional": (
        obj({"a": _INTEGER, "b": _STRING, "c": {"type": "boolean"}}, "b"),
        {"b": "x", "c": False},
    ),
    "all_optional": (
        {
            "type": "object",
            "properties": {"a": _INTEGER, "b": _STRING},
            "additionalProperties": False,
        },
        {"b": "x"},
    ),
    "free_map": (
        obj({"m": {"type": "object", "additionalProperties": {"type": "string"}}}),
        {"m": {"k1": "v", "k 2": "w"}},
    ),
    "free_object": ({"type": "object"}, {"a": 1, "b": [True, None, {"c": "d"}]}),
    "anything": ({}, {"a": [1, 2.5, "x"]}),
    "true": (True, [1]),
    "pattern_properties": (
        {
            "type": "object",
            "patternProperties": {"^x_[a-z]+$": _INTEGER},
            "additionalProperties": False,
        },
        {"x_a": 1, "x_bc": 2},
    ),
    "literal_keys": (
        {
            "type": "object",
            "propertyNames": {"enum": ["mon", "tue", "wed"]},
            "additionalProperties": _INTEGER,
        },
        {"mon": 1, "wed": 3},
    ),
    "open_with_known": (
        {
            "type": "object",
            "properties": {"id": _INTEGER},
            "required": ["id"],
            "additionalProperties": _STRING,
        },
        {"id": 1, "note": "x"},
    ),
    "lengths": (
        obj({"s": {"type": "string", "minLength": 3, "maxLength": 8}}),
        {"s": "abcdef"},
    ),
    "long_minimum": (obj({"s": {"type": "string", "minLength": 200}}), {"s": "word " * 45 + "end"}),
    "booleans": (
        obj({"a": {"type": "boolean"}, "b": {"type": "boolean"}}),
        {"a": True, "b": False},
    ),
    "numbers": (obj({"a": _NUMBER, "b": _NUMBER, "c": _INTEGER}), {"a": -1.5e3, "b": 0, "c": -7}),
    "string_root": ({"type": "string"}, "just text"),
    "number_root": ({"type": "number"}, 12.5),
    "boolean_root": ({"type": "boolean"}, True),
    "unicode": (obj({"t": _STRING, "日本": _STRING}), {"t": "naïve 😀 Ωμέγα", "日本": "東京"}),
    "odd_keys": (
        obj({'quo"te': _INTEGER, "back\\slash": _INTEGER, "new\nline": _INTEGER, "": _INTEGER}),
        {'quo"te': 1, "back\\slash": 2, "new\nline": 3, "": 4},
    ),
    "wide": (
        obj({f"field_{at}": _INTEGER for at in range(25)}),
        {f"field_{at}": at for at in range(25)},
    ),
    "defs_shared": (
        {
            "$defs": {"P": obj({"x": _NUMBER, "y": _NUMBER})},
            **obj({"a": {"$ref": "#/$defs/P"}, "b": {"$ref": "#/$defs/P"}}),
        },
        {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}},
    ),
}

ALL: Final = {**LIVEKIT, **OTHERS}

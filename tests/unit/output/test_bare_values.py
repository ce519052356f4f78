"""Bare text as JSON, by what the schema lets it be."""

import json
from typing import Any

import pytest

from picoserve.output.bare_values import BareValues, escaped

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "list": {"type": "array"},
        "maybe": {"type": ["string", "null"]},
        "amount": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        "unit": {"enum": ["c", "f"]},
        "level": {"enum": ["off", 1, 2]},
        "fixed": {"const": 7},
        "shared": {"$ref": "#/$defs/flag"},
        "both": {"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]},
        "round": {"$ref": "#/properties/round"},
        "lost": {"$ref": "elsewhere.json"},
        "open": {},
        "yes": True,
    },
    "$defs": {"flag": {"type": "boolean"}},
}
VALUES = BareValues(SCHEMA)


def test_what_a_parameter_may_be_is_read_from_its_schema() -> None:
    names = [*SCHEMA["properties"], "stranger"]

    assert [name for name in names if VALUES.is_text(name)] == ["text", "unit"]
    assert [name for name in names if VALUES.is_json(name)] == [
        *("count", "list", "fixed", "shared", "both"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("maybe", "null", None),
        ("maybe", "None", None),
        ("maybe", "5", "5"),
        ("maybe", " Paris ", " Paris "),
        ("maybe", '"5"', "5"),
        ("maybe", "true", "true"),
        ("amount", "5.5", 5.5),
        ("amount", "five", "five"),
        ("amount", "NaN", "NaN"),
        ("level", "2", 2),
        ("level", "off", "off"),
        ("open", '{"a": [1]}', {"a": [1]}),
        ("open", "True", True),
        ("open", "{a", "{a"),
        ("open", "[" * 100_000, "[" * 100_000),
        ("stranger", "x\ny", "x\ny"),
    ],
)
def test_text_that_may_be_json_is_what_fits(name: str, text: str, value: object) -> None:
    assert json.loads(VALUES.json(name, text)) == value


def test_schema_that_says_nothing_lets_everything_be() -> None:
    assert not BareValues({}).is_text("a")
    assert not BareValues({"properties": 5}).is_json("a")


@pytest.mark.parametrize("text", ['say "hi"', "a\\b", "a\nb\tc", "\x00\x1f", "é 😀 /"])
def test_escaped_text_is_a_json_string(text: str) -> None:
    assert json.loads(b'"%b"' % escaped(text.encode())) == text

from typing import Any

import pytest
from tests.unit.constraint import schemas
from tests.unit.work import at_most

from picoserve.constraint import check_text


@pytest.mark.parametrize(
    ("schema", "text", "keyword"),
    [
        ({"type": "array", "uniqueItems": True}, "[1, 1]", "uniqueItems"),
        ({"type": "object", "propertyNames": {"maxLength": 1}}, '{"ab": 1}', "maxLength"),
        ({"type": "string", "pattern": "^a"}, '"b"', "pattern"),
        ({"type": "string", "format": "date"}, '"2023-02-29"', "format"),
        ({"type": "number", "multipleOf": 0.01}, "0.075", "multipleOf"),
        ({"patternProperties": {"^x": {"type": "integer"}}}, '{"xa": "b"}', "type"),
        ({"properties": {}, "additionalProperties": False}, '{"a": 1}', "additionalProperties"),
        ({"additionalProperties": {"type": "null"}}, '{"a": 1}', "type"),
        ({"not": {"type": "integer"}}, "1", "not"),
        ({"items": [{"type": "integer"}]}, '["a"]', "type"),
        ({"$ref": "http://example.org/s"}, "1", "$schema"),
        ({"$ref": "#"}, "1", "$schema"),
        ({"minimum": "a"}, "1", "$schema"),
        ({}, "[1", "json"),
        ({}, "NaN", "json"),
        ({}, "[" * 100_000, "json"),
        ({}, "1" * 5000, "json"),
        (False, "1", "None"),
    ],
)
def test_problems_are_named(schema: Any, text: str, keyword: str) -> None:
    finding = check_text(schema, text)

    assert not finding.valid
    assert finding.problems[0].keyword == keyword
    assert keyword in finding.summary


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "number", "multipleOf": 0.01}, "0.07"),
        ({"type": "number", "minimum": 0.1, "maximum": 0.35}, "0.1"),
        ({"enum": [0.5, 1]}, "0.50"),
        (
            {"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False},
            '{"x": 1}',
        ),
        ({"items": [{"type": "integer"}]}, "[1]"),
        (None, "[1]"),
        (True, "1"),
    ],
)
def test_decimals_and_patterns_are_exact(schema: Any, text: str) -> None:
    assert check_text(schema, text).valid


def test_duplicate_keys_are_told() -> None:
    finding = check_text({}, '{"a": 1, "b": {"c": 1, "c": 2}}')

    assert finding.valid
    assert finding.duplicates == ("c",)


def test_a_hostile_pattern_takes_no_time() -> None:
    with at_most(5):
        finding = check_text({"type": "string", "pattern": "^(a+)+$"}, '"' + "a" * 5000 + '!"')

    assert not finding.valid


def test_the_summary_holds_no_values() -> None:
    finding = check_text(schemas.ALL["get_weather"][0], '{"location": "secret"}')

    assert "secret" not in finding.summary
    assert "required" in finding.summary

import pytest

from picoserve.prompt.json_text import is_json, json_text, slim_schema


def test_schemas_lose_what_tells_nothing() -> None:
    schema = {
        "title": "Search",
        "type": "object",
        "strict": True,
        "additionalProperties": False,
        "properties": {
            "title": {"title": "Title", "type": "string", "enum": ["title", "strict"]},
            "strict": {"type": "boolean", "default": {"title": "kept"}},
            "any": {"anyOf": [{"title": "A", "type": "string"}, {"type": "null"}]},
        },
        "$defs": {"title": {"title": "T", "type": "object", "additionalProperties": True}},
        "required": ["title"],
    }

    assert slim_schema(schema) == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "enum": ["title", "strict"]},
            "strict": {"type": "boolean", "default": {"title": "kept"}},
            "any": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "$defs": {"title": {"type": "object", "additionalProperties": True}},
        "required": ["title"],
    }


def test_json_is_one_line_of_readable_text() -> None:
    assert json_text({"a": [1, "é\n"]}) == '{"a": [1, "é\\n"]}'


@pytest.mark.parametrize(
    ("text", "valid"),
    [('{"a": 1}', True), ("3", True), ("", False), ("{", False), ("[" * 100_000, False)],
)
def test_json_is_recognised(text: str, valid: bool) -> None:
    assert is_json(text) is valid


def test_numbers_of_any_length_are_not_fatal() -> None:
    assert not is_json("9" * 5000)

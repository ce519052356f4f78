"""JSON inside prompts: schemas without what a model has no use for, on one line each."""

import json
from collections.abc import Mapping
from typing import Final

_SCHEMA_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_SCHEMA_VALUES: Final = frozenset({"enum", "const", "default", "examples", "required"})


def slim_schema(schema: object) -> object:
    """Drop what tells a model nothing: titles, `strict`, and `additionalProperties: false`.

    Properties that happen to bear such a name are kept, and so are all values in an `enum`.
    """
    if isinstance(schema, Mapping):
        return {key: _slim_value(key, value) for key, value in schema.items() if _tells(key, value)}
    if isinstance(schema, list | tuple):
        return [slim_schema(item) for item in schema]
    return schema


def _tells(key: str, value: object) -> bool:
    if key == "title":
        return not isinstance(value, str)
    if key == "strict":
        return not isinstance(value, bool)
    return not (key == "additionalProperties" and value is False)


def _slim_value(key: str, value: object) -> object:
    if key in _SCHEMA_VALUES:
        return value
    if key in _SCHEMA_MAPS and isinstance(value, Mapping):
        return {name: slim_schema(schema) for name, schema in value.items()}
    return slim_schema(value)


def json_text(value: object) -> str:
    """Write a value on one line, as Hugging Face's `tojson` does: what models saw in training."""
    return json.dumps(value, ensure_ascii=False)


class JsonText(str):
    """A value that is JSON already: a template's `tojson` writes it as it is."""

    __slots__ = ()


def is_json(text: str) -> bool:
    """Tell whether the text can stand in a JSON document as it is."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

"""Values that come as bare text, as the JSON that a function's parameters make of them.

`<parameter=days>2</parameter>` is a number where the schema says so, and `<parameter=zip>2` a
text. Where both may be, JSON that fits is taken as JSON.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, Final, NoReturn

_NUMBER: Final = "number"
_ANY: Final = frozenset({"string", _NUMBER, "boolean", "null", "array", "object"})
_KINDS: Final[dict[type, str]] = {
    str: "string",
    int: _NUMBER,
    float: _NUMBER,
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}
_WORDS: Final = {"none": "null", "null": "null", "true": "true", "false": "false"}
_DEEPEST: Final = 8
_UNSAFE: Final = re.compile(rb'["\\\x00-\x1f]')


class BareValues:
    """The values of one call."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Begin.

        Args:
            schema: Of the arguments, an object.
        """
        self._schema = schema
        properties = schema.get("properties")
        self._properties = properties if isinstance(properties, dict) else {}

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in order."""
        return tuple(self._properties)

    def is_text(self, name: str) -> bool:
        """Whether the parameter is a text and nothing else."""
        return self._kinds(name) == {"string"}

    def is_json(self, name: str) -> bool:
        """Whether the parameter can be no text."""
        return "string" not in self._kinds(name)

    def json(self, name: str, text: str) -> str:
        """The parameter's value as JSON, where it may be a text or something else."""
        word = _WORDS.get(text.strip().lower(), text.strip())
        try:
            value = json.loads(word, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return json.dumps(text)
        return word if _KINDS[type(value)] in self._kinds(name) else json.dumps(text)

    def _kinds(self, name: str) -> frozenset[str]:
        return _kinds(self._properties.get(name), self._schema, 0)


def escaped(text: bytes) -> bytes:
    """A text as it stands between the quotes of a JSON string; it may end within a character."""
    return _UNSAFE.sub(lambda byte: json.dumps(byte[0].decode())[1:-1].encode(), text)


def _kinds(schema: object, root: Mapping[str, Any], depth: int) -> frozenset[str]:
    """What a value of this schema may be; everything where it does not say."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return _ANY
    demands = [_own_kinds(schema)]
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(branches := schema.get(keyword), list):
            kinds = [_kinds(branch, root, depth + 1) for branch in branches]
            demands.append(_common(kinds) if keyword == "allOf" else frozenset().union(*kinds))
    if "$ref" in schema:
        demands.append(_kinds(_referred(str(schema["$ref"]), root), root, depth + 1))
    return _common(demands)


def _own_kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """What `type`, `enum` and `const` say."""
    demands = []
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        demands.append(frozenset(_NUMBER if each == "integer" else str(each) for each in types))
    if isinstance(schema.get("enum"), list):
        demands.append(frozenset(_KINDS[type(value)] for value in schema["enum"]))
    if "const" in schema:
        demands.append(frozenset({_KINDS[type(schema["const"])]}))
    return _common(demands)


def _common(kinds: Iterable[frozenset[str]]) -> frozenset[str]:
    return reduce(frozenset.intersection, kinds, _ANY)


def _referred(reference: str, root: Mapping[str, Any]) -> object:
    found: object = root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON.")

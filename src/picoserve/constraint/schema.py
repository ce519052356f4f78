"""From a client's JSON schema to one that the grammar can hold.

The result accepts no more than the original, apart from the keywords named in `deferred`, which
the finished document is checked against. Only known keywords pass, so that nothing in a schema
can reach llguidance's own options (`x-guidance`).
"""

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from picoserve.constraint import bounds, keywords
from picoserve.constraint.branches import Branches
from picoserve.constraint.combined import combined_pointers
from picoserve.constraint.faults import SchemaError
from picoserve.constraint.legible import legible_part
from picoserve.constraint.limits import SchemaLimits
from picoserve.constraint.references import with_visible_targets
from picoserve.constraint.reshaping import (
    check_value,
    close_object,
    dotted,
    exact_dates,
    is_costly_factor,
    modern,
)
from picoserve.constraint.samples import PatternError, parse_pattern, repetition

Schema: TypeAlias = dict[str, Any] | bool

JSON_OBJECT: Final[dict[str, Any]] = {"type": "object"}
"""The schema of OpenAI's `json_object` mode."""

_LARGEST: Final = 100_000
_NOTHING: Final[dict[str, Any]] = {"enum": []}


@dataclass(frozen=True, slots=True)
class PreparedSchema:
    """A schema ready for the grammar.

    Attributes:
        source: What the client's own schema says, but for what cannot be read where it is not
            strict.
        schema: What the grammar is made from.
        deferred: Paths of the keywords that only the final check holds.
        patterns: The patterns in it, for sample strings.
        formats: The formats in it, for sample strings.
        source_bytes: Size of the client's schema as JSON.
    """

    source: Schema
    schema: dict[str, Any]
    deferred: tuple[str, ...]
    patterns: tuple[str, ...]
    formats: tuple[str, ...]
    source_bytes: int


def prepare_schema(
    schema: object, *, strict: bool, limits: SchemaLimits | None = None
) -> PreparedSchema:
    """Prepare a schema.

    Args:
        schema: A dict or, as JSON Schema allows, a boolean.
        strict: Refuse constraining keywords that the grammar cannot hold; otherwise drop them and
            leave them to the final check, but for patterns and references that nothing here reads.
        limits: Bounds on the schema's size.

    Raises:
        SchemaError: The schema is not one, is too large, or is refused.
    """
    limits = limits or SchemaLimits()
    if not isinstance(schema, (dict, bool)):
        raise SchemaError("A schema is an object or a boolean.")
    size = check_size(schema, limits)
    visible = with_visible_targets(schema, limits)
    legible, left_out = (visible, ()) if strict else legible_part(visible, limits)
    return _Preparation(legible, strict=strict, limits=limits).run(left_out, size)


def check_size(schema: object, limits: SchemaLimits) -> int:
    """Refuse what is too large or too deep to be looked at.

    Returns:
        Its size as JSON in bytes.

    Raises:
        SchemaError: A bound is passed, or the value is not JSON.
    """
    waiting = [(schema, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > 2 * limits.depth or seen > 8 * limits.nodes:
            raise SchemaError("The schema is nested too deeply or has too many parts.")
        if isinstance(value, dict):
            waiting.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)
    try:
        size = len(json.dumps(schema, allow_nan=False, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise SchemaError("A text in it contains a lone surrogate.") from error
    except (TypeError, ValueError) as error:
        raise SchemaError("The schema is not JSON.") from error
    if size > limits.schema_bytes:
        raise SchemaError(f"The schema is larger than {limits.schema_bytes} bytes.")
    return size


class _Preparation:
    def __init__(self, schema: Schema, *, strict: bool, limits: SchemaLimits) -> None:
        self._root = schema
        self._strict = strict
        self._limits = limits
        self._nodes = 0
        self._deferred: list[str] = []
        self._patterns: dict[str, None] = {}
        self._formats: dict[str, None] = {}
        self._combined = combined_pointers(schema)
        self._branches = Branches(schema)

    def run(self, left_out: tuple[str, ...], source_bytes: int) -> PreparedSchema:
        schema = self._schema(self._root, (), combined=False)
        deferred = (*left_out, *self._deferred)
        return PreparedSchema(
            self._root,
            schema,
            deferred,
            tuple(self._patterns),
            tuple(self._formats),
            source_bytes,
        )

    def _schema(self, schema: object, path: tuple[str, ...], *, combined: bool) -> dict[str, Any]:
        self._nodes += 1
        if len(path) > 2 * self._limits.depth or self._nodes > self._limits.nodes:
            raise SchemaError("The schema is nested too deeply or has too many parts.")
        if isinstance(schema, bool):
            return {} if schema else dict(_NOTHING)
        if not isinstance(schema, dict):
            raise SchemaError("A schema is an object or a boolean.", dotted(path))
        combined = combined or path in self._combined
        result: dict[str, Any] = {}
        for keyword, value in modern(schema).items():
            self._keyword(result, keyword, value, (*path, keyword), combined=combined)
        exact_dates(result)
        self._property_names(result, schema, (*path, "propertyNames"))
        self._sizes(result, path)
        self._bounds(result, path)
        if {"oneOf"} == result.keys() & {"anyOf", "oneOf"}:
            self._one_of(result, schema["oneOf"])
        if not combined and not result.keys() & {"allOf", "anyOf", "oneOf", "$ref"}:
            close_object(result)
        return result

    def _keyword(
        self,
        result: dict[str, Any],
        keyword: str,
        value: object,
        path: tuple[str, ...],
        *,
        combined: bool,
    ) -> None:
        check_value(keyword, value, path)
        if keyword in keywords.PLAIN:
            self._plain(result, keyword, value, path)
        elif keyword in keywords.UNSUPPORTED:
            self._refuse(keyword, path)
        elif keyword == "uniqueItems" and value is True:
            self._deferred.append(dotted(path))
        elif keyword in keywords.MAPS | keywords.LISTS | keywords.SINGLES:
            result[keyword] = self._children(keyword, value, path, combined=combined)

    def _children(
        self, keyword: str, value: object, path: tuple[str, ...], *, combined: bool
    ) -> object:
        """Prepare the schemas under one keyword, in the keyword's own shape."""
        if keyword in keywords.MAPS:
            if not isinstance(value, dict):
                raise SchemaError("An object of schemas is needed.", dotted(path))
            return {
                name: self._schema(inner, (*path, name), combined=False)
                for name, inner in value.items()
            }
        if keyword in keywords.LISTS:
            if not isinstance(value, list):
                raise SchemaError("A list of schemas is needed.", dotted(path))
            merged = combined and keyword != "prefixItems"
            return [
                self._schema(inner, (*path, str(at)), combined=merged or keyword == "allOf")
                for at, inner in enumerate(value)
            ]
        if isinstance(value, bool) and keyword == "additionalProperties":
            return value
        return self._schema(value, path, combined=False)

    def _plain(
        self, result: dict[str, Any], keyword: str, value: object, path: tuple[str, ...]
    ) -> None:
        if keyword == "format":
            if value not in keywords.FORMATS:
                return
            self._formats[str(value)] = None
        elif keyword == "multipleOf" and is_costly_factor(value):
            self._refuse(keyword, path, "Such a factor is too costly to hold.")
            return
        elif keyword == "pattern":
            self._pattern(value, path)
        elif keyword in keywords.SMALL | keywords.LARGE:
            value = self._size(keyword, value, path)
        result[keyword] = value

    def _pattern(self, value: object, path: tuple[str, ...]) -> None:
        if not isinstance(value, str):
            raise SchemaError("A pattern is a string.", dotted(path))
        self._patterns[value] = None
        try:
            size = repetition(parse_pattern(value))
        except PatternError:
            return  # Not Python's syntax; llguidance's own limits decide.
        if size > self._limits.repeat:
            raise SchemaError("The pattern unrolls to too many characters.", dotted(path))

    def _size(self, keyword: str, value: object, path: tuple[str, ...]) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise SchemaError("A whole number of zero or more is needed.", dotted(path))
        if keyword in keywords.LARGE:
            return min(value, _LARGEST)
        if value > self._limits.smallest_bytes:
            raise SchemaError("The smallest document would be too long.", dotted(path))
        return value

    def _sizes(self, result: dict[str, Any], path: tuple[str, ...]) -> None:
        """Keep only a `minProperties` that repeated keys cannot fake."""
        least = result.get("minProperties", 0)
        required = result.get("required")
        if least <= max(1, len(required) if isinstance(required, list) else 0):
            return
        if result.get("additionalProperties") is False and "patternProperties" not in result:
            return
        if self._strict:
            raise SchemaError(
                "More than one property can only be asked for by name.",
                dotted((*path, "minProperties")),
            )
        del result["minProperties"]
        self._deferred.append(dotted((*path, "minProperties")))

    def _bounds(self, result: dict[str, Any], path: tuple[str, ...]) -> None:
        bounds.drop_unreachable(result)
        if self._strict:
            return
        for keyword in bounds.unspeakable(result):
            del result[keyword]
            self._deferred.append(dotted((*path, keyword)))

    def _one_of(self, result: dict[str, Any], branches: object) -> None:
        """Help llguidance, which sees that branches exclude each other only where no `$ref` is."""
        if self._branches.exclude_each_other(branches):
            result["anyOf"] = result.pop("oneOf")

    def _property_names(
        self, result: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...]
    ) -> None:
        """Turn a list of allowed names, as pydantic's `dict[Literal[...], T]`, into properties."""
        rule = schema.get("propertyNames")
        if rule is None or rule is True:
            return
        names = rule.get("enum") if isinstance(rule, dict) else None
        simple = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not simple or result.keys() & {"properties", "patternProperties"}:
            self._deferred.append(dotted(path))
            return
        value = result.get("additionalProperties", {})
        if value is not False:
            inner = {} if value is True else value
            result["properties"] = dict.fromkeys(cast("list[str]", names), inner)
            result["additionalProperties"] = False

    def _refuse(self, keyword: str, path: tuple[str, ...], reason: str = "") -> None:
        if self._strict:
            reason = reason or f"The keyword {keyword!r} is not supported."
            raise SchemaError(reason, dotted(path))
        self._deferred.append(dotted(path))

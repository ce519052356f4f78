"""A document held against its schema, by another road than the grammar.

Patterns are matched by llguidance, in linear time: Python's `re` can be made to run for ever by
a hostile pattern. Numbers are compared as decimals, so that 0.07 is a multiple of 0.01.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import jsonschema
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from picoserve.constraint.automaton import Automaton, pattern_grammar
from picoserve.constraint.faults import ConstraintError
from picoserve.constraint.finding import Problem

_FORMATS: Final = jsonschema.FormatChecker(["date", "email", "ipv4", "ipv6", "uuid"])
_MOST: Final = 8
_BROKEN_SCHEMA: Final = (
    ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError,
    ConstraintError, Unresolvable, jsonschema.exceptions.UnknownType,
)  # fmt: skip


def problems(schema: dict[str, Any] | bool, value: object) -> Iterator[Problem]:
    """Where a document, its fractions read as decimals, breaks the client's own schema."""
    # Decimals in the schema too: 0.1 as a float is a little more than 0.1.
    exact = json.loads(json.dumps(schema), parse_float=Decimal)
    kind = _DRAFT7 if _has_item_lists(exact) else _DRAFT202012
    try:
        validator = kind(exact, registry=Registry(), format_checker=_FORMATS)
        for count, error in enumerate(validator.iter_errors(value)):
            if count == _MOST:
                return
            path = ".".join(str(part) for part in error.absolute_path)
            yield Problem(path, str(error.validator), error.message[:200])
    except _BROKEN_SCHEMA as error:
        yield Problem("", "$schema", f"The schema cannot be checked: {type(error).__name__}")


def _has_item_lists(node: object) -> bool:
    if isinstance(node, dict):
        return isinstance(node.get("items"), list) or any(map(_has_item_lists, node.values()))
    return isinstance(node, list) and any(map(_has_item_lists, node))


def _matches(pattern: str, text: str) -> bool:
    automaton = Automaton(pattern_grammar(pattern))
    encoded = json.dumps(text, ensure_ascii=False).encode(errors="replace")
    return automaton.take(encoded) == len(encoded) and automaton.is_accepting


def _check_pattern(
    validator: Any, pattern: str, instance: object, _schema: Any
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _matches(pattern, str(instance)):
        yield ValidationError("The text does not match its pattern.")


def _check_pattern_properties(
    validator: Any, patterns: dict[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, inner in patterns.items():
        for name, value in instance.items():
            if _matches(pattern, name):
                yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _check_additional(
    validator: Any, rule: Any, instance: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in known or any(_matches(pattern, name) for pattern in patterns):
            continue
        if rule is False:
            yield ValidationError("A property is not allowed here.")
        else:
            yield from validator.descend(value, rule, path=name)


def _check_multiple(
    validator: Any, factor: Any, instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and Decimal(instance) % Decimal(factor):
        yield ValidationError("The number is not a multiple of its factor.")


def _skip(*_: object) -> Iterator[ValidationError]:
    """Stand in for the `unevaluated` keywords, which use `re` out of reach."""
    yield from ()


_OWN: Final = {
    "pattern": _check_pattern,
    "patternProperties": _check_pattern_properties,
    "additionalProperties": _check_additional,
    "multipleOf": _check_multiple,
    "unevaluatedProperties": _skip,
    "unevaluatedItems": _skip,
}
_DRAFT202012: Final = jsonschema.validators.extend(jsonschema.Draft202012Validator, _OWN)
_DRAFT7: Final = jsonschema.validators.extend(jsonschema.Draft7Validator, _OWN)

"""Bounds on numbers: those that every document keeps, and those that no grammar here can spell.

C#'s `double` and `long` come with their own range, which llguidance's regular expressions cannot
write down.
"""

from typing import Any, Final

from picoserve.constraint import lexical
from picoserve.constraint.automaton import schema_fault

_UPPER: Final = frozenset({"maximum", "exclusiveMaximum"})
_BOUNDS: Final = ("minimum", "exclusiveMinimum", *sorted(_UPPER))
_REACH: Final = 10 ** (lexical.DIGITS + 10**lexical.EXPONENT_DIGITS - 1)
_INTEGER_REACH: Final = 10**lexical.DIGITS
# Measured: llguidance spells whatever lies between.
_TINY, _HUGE = 1e-18, 1e18


def drop_unreachable(schema: dict[str, Any]) -> None:
    """Drop the bounds that lie beyond all numbers which a document may hold."""
    kinds = schema.get("type", "number")
    # A list of types is searched like a text.
    reach = _REACH if "number" in kinds else _INTEGER_REACH
    for keyword, value in _given(schema):
        if value >= reach if keyword in _UPPER else value <= -reach:
            del schema[keyword]


def unspeakable(schema: dict[str, Any]) -> list[str]:
    """Name the bounds that llguidance cannot spell."""
    kinds = schema.get("type", "number")
    doubtful = [
        (keyword, value)
        for keyword, value in _given(schema)
        if value and not _TINY <= abs(value) <= _HUGE
    ]
    return [keyword for keyword, value in doubtful if schema_fault({"type": kinds, keyword: value})]


def _given(schema: dict[str, Any]) -> list[tuple[str, int | float]]:
    found = [(keyword, schema.get(keyword)) for keyword in _BOUNDS]
    return [
        (keyword, value)
        for keyword, value in found
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]

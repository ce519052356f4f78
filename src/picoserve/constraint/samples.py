"""Short strings that meet a pattern or a format, to end a string which cannot end yet.

Python's own regex parser is walked for patterns. JSON Schema means ECMA 262 and llguidance takes
Rust's syntax; the common part is large, and a sample that does not fit is only a wasted try.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

_PARSER: Final = importlib.import_module("re._parser")
_LONGEST: Final = 4096
_CANDIDATES: Final = "a0A-_. /:@é" + "".join(chr(code) for code in range(33, 127))
_CATEGORY: Final = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "date-time": ("2000-01-01T00:00:00Z",),
    "time": ("00:00:00Z",),
    "date": ("2000-01-01",),
    "duration": ("P1D", "P1Y1M1D", "PT1H1M1S"),
    "email": ("a@a.aa",),
    "hostname": ("a",),
    "ipv4": ("0.0.0.0",),  # noqa: S104
    "ipv6": ("::1",),
    "uuid": ("00000000-0000-4000-8000-000000000000",),
    "uri": ("a:a",),
}
"""Values of each format; every suffix of one may serve to end a value under way."""


class PatternError(ValueError):
    """The pattern cannot be read, or it repeats more often than allowed."""


def parse_pattern(pattern: str) -> Any:
    """Parse a pattern.

    Raises:
        PatternError: Python's parser refuses it.
    """
    try:
        return _PARSER.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from error


def repetition(tree: Any) -> int:
    """Return how many characters the counted repeats of a parsed pattern unroll to.

    One that is nested too deeply to be counted unrolls to more than anything.
    """
    try:
        return _repetition(tree)
    except RecursionError:
        return sys.maxsize


def _repetition(tree: Any) -> int:
    total = 0
    for name, value in _operations(tree):
        if name.endswith("REPEAT"):
            low, high, inner = value
            count = max(low, 1 if high is _PARSER.MAXREPEAT else high)
            total += max(count, 1) * max(_repetition(inner), 1)
        else:
            total += max((_repetition(part) for part in _inner(name, value)), default=1)
    return total


def pattern_sample(pattern: str) -> str:
    """Return a short string that the pattern is likely to match.

    Raises:
        PatternError: The pattern cannot be read, or its shortest match is too long.
    """
    try:
        return "".join(_pieces(parse_pattern(pattern), 0))
    except RecursionError as error:
        raise PatternError("nested too deeply") from error


def string_samples(patterns: Iterable[str], formats: Iterable[str]) -> tuple[bytes, ...]:
    """Return samples as they stand between a JSON string's quotes, without doubles."""
    found: dict[bytes, None] = {}
    for pattern in patterns:
        try:
            sample = pattern_sample(pattern)
        except PatternError:
            continue
        found[json.dumps(sample, ensure_ascii=False)[1:-1].encode(errors="replace")] = None
    for name in formats:
        for sample in FORMATS.get(name, ()):
            found[sample.encode()] = None
    return tuple(found)


def _operations(tree: Any) -> Iterator[tuple[str, Any]]:
    for operation, value in tree:
        yield str(operation), value


def _inner(name: str, value: Any) -> list[Any]:
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name == "ATOMIC_GROUP":
        return [value]
    return []


def _pieces(tree: Any, size: int) -> Iterator[str]:
    for name, value in _operations(tree):
        piece = _piece(name, value, size)
        size += len(piece)
        if size > _LONGEST:
            raise PatternError("the shortest match is too long")
        yield piece


def _piece(name: str, value: Any, size: int) -> str:
    if name == "LITERAL":
        return chr(value)
    if name == "IN":
        return _member(value)
    if name in {"ANY", "NOT_LITERAL"}:
        return "a" if value != ord("a") else "b"
    if name.endswith("REPEAT"):
        low, _high, inner = value
        if low > _LONGEST:
            raise PatternError("the shortest match is too long")
        return "".join(_pieces(inner, size)) * low if low else ""
    parts = _inner(name, value)
    return "".join(_pieces(parts[0], size)) if parts else ""


def _member(items: Any) -> str:
    """Return one character of a set such as `[a-z_]` or `[^0-9]`."""
    if str(items[0][0]) != "NEGATE":
        return _first_of(items[0])
    for candidate in _CANDIDATES:
        if not any(_is_member(item, candidate) for item in items[1:]):
            return candidate
    return "\u00ff"


def _first_of(item: Any) -> str:
    name, value = str(item[0]), item[1]
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    return _CATEGORY.get(str(value), "a")


def _is_member(item: Any, character: str) -> bool:
    name, value = str(item[0]), item[1]
    if name == "LITERAL":
        return chr(value) == character
    if name == "RANGE":
        return bool(value[0] <= ord(character) <= value[1])
    kind = str(value).removeprefix("CATEGORY_").replace("NOT_", "")
    tests = {"DIGIT": str.isdigit, "SPACE": str.isspace}
    belongs = tests.get(kind, lambda text: text.isalnum() or text == "_")(character)
    return belongs != ("NOT_" in str(value))

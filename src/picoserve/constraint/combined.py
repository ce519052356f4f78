"""Which subschemas are merged with others, and so must not be closed on their own.

Closing an object (`additionalProperties: false`) narrows it to its own properties. Where another
schema adds properties to the same value, as under `allOf` or beside a `$ref`, that would leave
nothing.
"""

from collections.abc import Iterator
from typing import Any, Final

from picoserve.constraint import keywords
from picoserve.constraint.references import pointer

Path = tuple[str, ...]
_MIXING: Final = frozenset({"properties", "required", "patternProperties", "additionalProperties"})
_JOINS: Final = ("allOf", "anyOf", "oneOf")
# What may stand beside a `$ref` and adds no property.
_HARMLESS: Final = frozenset(
    {"$ref", "$defs", "definitions", "$schema", "type", "description", "title", "default"}
)


def combined_pointers(schema: object) -> frozenset[Path]:
    """Return the paths of all subschemas that are merged with another one."""
    found: set[Path] = set()
    links: dict[Path, Path] = {}
    for path, node, merged in _walk(schema, (), merged=False):
        if merged:
            found.add(path)
        target = pointer(node.get("$ref"))
        if target is not None:
            if set(node) - _HARMLESS:
                found.add(target)
            links[path] = target
    _follow(found, links)
    return frozenset(found)


def _follow(found: set[Path], links: dict[Path, Path]) -> None:
    """A merged schema that only refers to another one merges that one."""
    while True:
        more = {links[path] for path in found if path in links} - found
        if not more:
            return
        found |= more


def _walk(node: object, path: Path, *, merged: bool) -> Iterator[tuple[Path, dict[str, Any], bool]]:
    if not isinstance(node, dict):
        return
    yield path, node, merged
    mixes = merged or bool(_MIXING & node.keys()) or len(set(_JOINS) & node.keys()) > 1
    for keyword, value in node.items():
        joined = keyword == "allOf" or (keyword in _JOINS and mixes)
        for name, inner in _children(keyword, value):
            yield from _walk(inner, (*path, *name), merged=joined)


def _children(keyword: str, value: object) -> list[tuple[Path, object]]:
    if keyword in keywords.MAPS and isinstance(value, dict):
        return [((keyword, str(name)), inner) for name, inner in value.items()]
    if isinstance(value, list) and keyword in (*keywords.LISTS, "items"):
        # A list of `items` becomes `prefixItems` on preparation.
        name = "prefixItems" if keyword == "items" else keyword
        return [((name, str(at)), inner) for at, inner in enumerate(value)]
    return [((keyword,), value)] if keyword in keywords.SINGLES else []

"""Whether the branches of a `oneOf` exclude each other, so that `anyOf` says the same.

They do where their types differ, their `enum` or `const` do, or those of a property that all of
them require, as pydantic's discriminated unions have one. What is known of a branch may be less
than it says, never more.
"""

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from picoserve.constraint.references import Targets

_TYPES: Final = frozenset({"object", "array", "string", "number", "boolean", "null"})
_DEEPEST: Final = 32
_MOST_TAGS: Final = 64
# With its JSON type, for to Python True is 1.
Value: TypeAlias = tuple[str, Hashable]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of all that a schema admits.

    Attributes:
        types: The JSON types it may have; integers are numbers.
        values: All that it may be; None where that is not a short list of plain values.
        tags: The values of the properties that an object of it must have.
    """

    types: frozenset[str] = _TYPES
    values: frozenset[Value] | None = None
    tags: Mapping[str, frozenset[Value]] = field(default_factory=dict)


class Branches:
    """The branches of one schema's `oneOf`s."""

    def __init__(self, root: object) -> None:
        self._targets = Targets(root)
        self._known: dict[int, _Shape] = {}

    def exclude_each_other(self, branches: object) -> bool:
        """Tell whether no value can meet two of these schemas, which are part of the root."""
        if not isinstance(branches, list):
            return False
        shapes = [self._shape(branch, 0) for branch in branches]
        for kind in _TYPES:
            members = [shape for shape in shapes if kind in shape.types]
            if len(members) > 1 and not _are_apart(kind, members):
                return False
        return True

    def _shape(self, schema: object, depth: int) -> _Shape:
        node = self._target(schema)
        if node is False:
            return _Shape(types=frozenset())
        if not isinstance(node, dict) or depth > _DEEPEST:
            return _Shape()
        known = self._known.get(id(node))
        if known is None:
            self._known[id(node)] = _Shape()  # For schemas that lead back to themselves.
            known = self._known[id(node)] = self._read(node, depth)
        return known

    def _read(self, node: dict[str, object], depth: int) -> _Shape:
        values = _values(node)
        types = _types(node.get("type"))
        if values is not None:
            types &= {kind for kind, _ in values}
        inner = node.get("anyOf") or node.get("oneOf")
        merged = _Shape()
        if isinstance(inner, list) and inner:
            merged = _merged([self._shape(branch, depth + 1) for branch in inner])
        return _Shape(
            types & merged.types,
            merged.values if values is None else values,
            {**merged.tags, **self._tags(node)},
        )

    def _tags(self, node: dict[str, object]) -> dict[str, frozenset[Value]]:
        properties, required = node.get("properties"), node.get("required")
        if not isinstance(properties, dict) or not isinstance(required, list):
            return {}
        names = {name for name in required if isinstance(name, str)}
        found = {
            name: _values(self._target(inner))
            for name, inner in properties.items()
            if name in names
        }
        return {name: values for name, values in found.items() if values is not None}

    def _target(self, schema: object) -> object:
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict) or "$ref" not in schema:
                break
            schema = self._targets.find(schema["$ref"])
        return schema


def _types(wanted: object) -> frozenset[str]:
    if wanted is None:
        return _TYPES
    names = wanted if isinstance(wanted, list) else [wanted]
    return frozenset("number" if name == "integer" else str(name) for name in names)


def _values(node: object) -> frozenset[Value] | None:
    if not isinstance(node, dict):
        return None
    listed = [node["const"]] if "const" in node else node.get("enum")
    if not isinstance(listed, list):
        return None
    kinds = [_kind(value) for value in listed]
    return None if "" in kinds else frozenset(zip(kinds, listed, strict=True))


def _kind(value: object) -> str:
    """The JSON type of a plain value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "null" if value is None else ""


def _merged(shapes: Sequence[_Shape]) -> _Shape:
    """What is known of a value that meets any of these."""
    values = [shape.values for shape in shapes if shape.values is not None]
    objects = [shape.tags for shape in shapes if "object" in shape.types]
    return _Shape(
        frozenset().union(*(shape.types for shape in shapes)),
        frozenset().union(*values) if len(values) == len(shapes) else None,
        {name: frozenset().union(*(tags[name] for tags in objects)) for name in _common(objects)},
    )


def _are_apart(kind: str, members: Sequence[_Shape]) -> bool:
    """Whether no value of one type can meet two of these."""
    listed = [shape.values for shape in members if shape.values is not None]
    if len(listed) == len(members):
        return _are_disjoint({each for each in values if each[0] == kind} for values in listed)
    if kind != "object":
        return False
    tags = [shape.tags for shape in members]
    names = itertools.islice(_common(tags), _MOST_TAGS)
    return any(_are_disjoint(each[name] for each in tags) for name in names)


def _common(tags: Sequence[Mapping[str, object]]) -> Iterator[str]:
    return (name for name in tags[0] if all(name in each for each in tags)) if tags else iter(())


def _are_disjoint(sets: Iterable[Iterable[Value]]) -> bool:
    seen: set[Value] = set()
    for each in map(frozenset, sets):
        if not seen.isdisjoint(each):
            return False
        seen |= each
    return True

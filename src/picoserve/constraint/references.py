"""References within a schema: where they lead, and how the grammar can follow each of them.

llguidance follows pointers through what is handed on to it, which are the known keywords. A schema
may keep its shared parts elsewhere (`#/components/schemas/X`), name them (`$anchor`) or spell them
as no URI may (`#/$defs/List<X>`); what such references lead to is copied into `$defs`.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from picoserve.constraint import keywords
from picoserve.constraint.faults import SchemaError
from picoserve.constraint.limits import SchemaLimits

_FRAGMENT: Final = re.compile(r"#[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*")
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
# What makes a place known; a copy is known by another name.
_IDENTITY: Final = frozenset({"$id", "$anchor"})


def pointer(reference: object) -> tuple[str, ...] | None:
    """The keys that a reference such as `#/$defs/A` leads along; None where it is no such one."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    parts = unquote(reference).split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


class Targets:
    """What the references within one schema lead to."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._anchors: dict[str, object] | None = None

    def find(self, reference: object) -> dict[str, Any] | bool | None:
        """The schema that a reference leads to; None where there is none."""
        keys = pointer(reference)
        node: object = self._root
        if keys is None:
            node = self._anchored(reference) if isinstance(reference, str) else None
        for key in keys or ():
            if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, (dict, bool)) else None

    def _anchored(self, reference: str) -> object:
        if self._anchors is None:
            self._anchors = dict(_anchors(self._root))
        return self._anchors.get(reference)


def with_visible_targets(schema: object, limits: SchemaLimits) -> Any:
    """The schema, its references to places that the grammar does not see turned to copies.

    Those that lead nowhere, or out of the schema, stay as they are.

    Args:
        schema: No deeper than `check_size` allows.
        limits: Bounds on what is copied.

    Raises:
        SchemaError: The copies would be too large.
    """
    return _Gathering(schema, limits).run() if isinstance(schema, dict) else schema


class _Gathering:
    def __init__(self, root: dict[str, Any], limits: SchemaLimits) -> None:
        self._root = root
        self._limits = limits
        self._nodes = 0
        self._targets = Targets(root)
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._serial = itertools.count()
        self._waiting: list[tuple[str, object]] = []

    def run(self) -> dict[str, Any]:
        known = self._root.get("$defs", {})
        if not isinstance(known, dict):
            return self._root  # Refused later.
        self._taken.update(known)
        result = self._schema(self._root)
        copies: dict[str, Any] = {}
        while self._waiting:
            name, target = self._waiting.pop()
            copies[name] = self._schema(target)
            if isinstance(target, dict):
                for keyword in _IDENTITY & target.keys():
                    del copies[name][keyword]
        return {**result, "$defs": {**result.get("$defs", {}), **copies}} if copies else self._root

    def _schema(self, node: object) -> Any:
        if not isinstance(node, dict):
            return node
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise SchemaError("The schema is nested too deeply or has too many parts.")
        return {keyword: self._value(keyword, value) for keyword, value in node.items()}

    def _value(self, keyword: str, value: object) -> object:
        if keyword == "$ref":
            return self._reference(value)
        if keyword in keywords.MAPS and isinstance(value, dict):
            return {name: self._schema(inner) for name, inner in value.items()}
        if isinstance(value, list) and (keyword in keywords.LISTS or keyword == "items"):
            return [self._schema(inner) for inner in value]
        return self._schema(value) if keyword in keywords.SINGLES else value

    def _reference(self, reference: object) -> object:
        if not isinstance(reference, str) or _is_visible(reference):
            return reference
        if reference not in self._names:
            target = self._targets.find(reference)
            if target is None:
                return reference
            name = _NO_NAME.sub("_", unquote(reference).lstrip("#/"))
            while name in self._taken:
                name = f"{name.rstrip('0123456789')}{next(self._serial)}"
            self._taken.add(name)
            self._names[reference] = name
            self._waiting.append((name, target))
        return f"#/$defs/{self._names[reference]}"


def _is_visible(reference: str) -> bool:
    keys = pointer(reference)
    if keys is None or not _FRAGMENT.fullmatch(reference):
        return False
    at = 0
    while at < len(keys):
        if keys[at] in keywords.SINGLES:
            at += 1
        elif keys[at] in keywords.MAPS | keywords.LISTS and at + 1 < len(keys):
            at += 2
        else:
            return False
    return True


def _anchors(root: object) -> Iterator[tuple[str, object]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$anchor"), str):
                yield f"#{node['$anchor']}", node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)

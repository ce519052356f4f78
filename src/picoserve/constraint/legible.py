"""What of a schema can be read here, where its caller asks for no guarantee.

Patterns may use what the grammar's regular expressions lack (lookaround, backreferences, word
boundaries; zod's e-mail address begins with two lookaheads), and a reference may lead elsewhere.
Both are left out before anything else, so that neither the grammar nor the last check meets them.
"""

from typing import Any, Final

from picoserve.constraint import keywords
from picoserve.constraint.automaton import grammar_fault, pattern_grammar
from picoserve.constraint.limits import SchemaLimits
from picoserve.constraint.reshaping import dotted
from picoserve.constraint.samples import PatternError, parse_pattern, repetition

_MAPS: Final = keywords.MAPS | {"dependentSchemas", "dependencies"}
_SINGLES: Final = keywords.SINGLES | {
    "not", "if", "then", "else", "contains", "propertyNames", "additionalItems",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
# Less inside of them would be more outside.
_TURNING: Final = frozenset({"not", "if", "contains"})


def legible_part(schema: object, limits: SchemaLimits) -> tuple[Any, tuple[str, ...]]:
    """The schema without what cannot be read, and the paths of what was left out.

    Args:
        schema: No deeper than `check_size` allows.
        limits: Bounds on what a pattern unrolls to.
    """
    reading = _Reading(limits)
    return reading.schema(schema, ()), tuple(reading.left_out)


class _Reading:
    def __init__(self, limits: SchemaLimits) -> None:
        self.left_out: list[str] = []
        self._limits = limits
        self._illegible: dict[str, bool] = {}

    def schema(self, node: object, path: tuple[str, ...]) -> object:
        if not isinstance(node, dict):
            return node
        result: dict[str, Any] = {}
        for keyword, value in node.items():
            known = len(self.left_out)
            here = (*path, keyword)
            if self._is_illegible(keyword, value):
                self.left_out.append(dotted(here))
                continue
            inner = self._inner(keyword, value, here)
            if len(self.left_out) == known:
                result[keyword] = value
            elif keyword == "oneOf":
                # Branches that have become wider may both be met.
                result["oneOf" if "anyOf" in node else "anyOf"] = inner
            elif keyword not in _TURNING:
                result[keyword] = inner
        if _size(result, "patternProperties") < _size(node, "patternProperties"):
            # A name that nothing lists may be one that the pattern allows.
            result["additionalProperties"] = True
            result.pop("unevaluatedProperties", None)
        return result

    def _inner(self, keyword: str, value: object, path: tuple[str, ...]) -> object:
        if keyword in _MAPS and isinstance(value, dict):
            return {
                name: self.schema(inner, (*path, name))
                for name, inner in value.items()
                if keyword != "patternProperties" or not self._leaves_out(name, path)
            }
        if isinstance(value, list) and (keyword in keywords.LISTS or keyword == "items"):
            return [self.schema(inner, (*path, str(at))) for at, inner in enumerate(value)]
        return self.schema(value, path) if keyword in _SINGLES else value

    def _leaves_out(self, pattern: str, path: tuple[str, ...]) -> bool:
        illegible = self._is_illegible("pattern", pattern)
        if illegible:
            self.left_out.append(dotted((*path, pattern)))
        return illegible

    def _is_illegible(self, keyword: str, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if keyword == "$ref":
            return not value.startswith("#")
        if keyword != "pattern" or self._explodes(value):
            return False
        if value not in self._illegible:
            self._illegible[value] = bool(grammar_fault(pattern_grammar(value)))
        return self._illegible[value]

    def _explodes(self, pattern: str) -> bool:
        """Such a pattern is refused by name, later."""
        try:
            return repetition(parse_pattern(pattern)) > self._limits.repeat
        except PatternError:
            return False


def _size(schema: dict[str, Any], keyword: str) -> int:
    value = schema.get(keyword)
    return len(value) if isinstance(value, dict) else 0

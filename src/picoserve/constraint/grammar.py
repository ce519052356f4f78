"""From a client's wish to a `Grammar`: compiled, checked, known to be satisfiable.

`compile_grammar` blocks (about a millisecond for an agent's tools, seconds at worst), so the
caller runs it off the event loop. A `Grammar` is plain data and may cross a process border.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from llguidance import LLMatcher

from picoserve.constraint.automaton import grammar_fault
from picoserve.constraint.closing import shortest_end
from picoserve.constraint.faults import SchemaError
from picoserve.constraint.limits import SchemaLimits
from picoserve.constraint.matcher import Matcher
from picoserve.constraint.samples import (
    PatternError,
    parse_pattern,
    repetition,
    string_samples,
)
from picoserve.constraint.schema import PreparedSchema, Schema, check_size, prepare_schema
from picoserve.constraint.validate import check_text

# Bounded blanks; the default pattern would let a model write blanks for ever.
_WHITESPACE: Final = r"[ \t\n\r]{1,32}"
_PLAIN: Final = re.compile(r"[A-Za-z0-9]")
_LOCATE_TRIES: Final = 200


class Kind(StrEnum):
    """What a grammar was made from."""

    JSON_SCHEMA = "json_schema"
    REGEX = "regex"
    CHOICE = "choice"
    LARK = "lark"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a document must be.

    Attributes:
        kind: What it was made from.
        text: llguidance's grammar text. Matchers are built anew from it for each document, since
            copies of one matcher share a lexer that can fail for all of them.
        smallest: A short document that the grammar takes.
        samples: Strings that meet the schema's patterns and formats, as they stand in quotes.
        schema: The client's own schema, for the final check, without what cannot be read here;
            None for the other kinds.
        deferred: Paths of keywords that only the final check holds.
        strict: The client asked for a guarantee.
        source_bytes: Size of what it was made from; documents that must be as long are no fault.
    """

    kind: Kind
    text: str
    smallest: bytes = b""
    samples: tuple[bytes, ...] = ()
    schema: Schema | None = None
    deferred: tuple[str, ...] = ()
    strict: bool = True
    source_bytes: int = 0

    @property
    def is_json(self) -> bool:
        """The document is JSON, so that JSON's own repairs make sense."""
        return self.kind is Kind.JSON_SCHEMA

    def new_matcher(self) -> Matcher:
        """Build a matcher at the start of a document."""
        return Matcher(self.text, is_json=self.is_json)


def compile_grammar(
    kind: Kind,
    source: Schema | str | Sequence[str],
    *,
    strict: bool = True,
    limits: SchemaLimits | None = None,
) -> Grammar:
    """Compile what a client sent and prove that a document exists.

    Args:
        kind: What `source` is.
        source: A JSON schema, a regex in Rust's syntax, a list of choices, or a Lark grammar.
        strict: For JSON schemas: refuse what cannot be held instead of dropping it.
        limits: Bounds on size and time.

    Raises:
        SchemaError: It is malformed, too large, unsupported, or admits nothing.
    """
    limits = limits or SchemaLimits()
    if kind is Kind.JSON_SCHEMA:
        return _from_schema(source, strict=strict, limits=limits)
    size = check_size(source, limits)
    if kind is Kind.REGEX and _explodes(source, limits):
        raise SchemaError("The pattern unrolls to too many characters.")
    grammar = Grammar(kind, _other_text(kind, source), source_bytes=size)
    _raise_fault(grammar.text)
    return _with_smallest(grammar, limits)


def _from_schema(source: object, *, strict: bool, limits: SchemaLimits) -> Grammar:
    prepared = prepare_schema(source, strict=strict, limits=limits)
    text = _schema_text(prepared.schema, strict=strict)
    fault = grammar_fault(text)
    if fault:
        raise SchemaError(fault, _locate(prepared, strict=strict))
    grammar = Grammar(
        Kind.JSON_SCHEMA,
        text,
        samples=string_samples(prepared.patterns, prepared.formats),
        schema=prepared.source,
        deferred=prepared.deferred,
        strict=strict,
        source_bytes=prepared.source_bytes,
    )
    grammar = _with_smallest(grammar, limits)
    finding = check_text(grammar.schema, grammar.smallest.decode())
    if strict and not finding.valid and not grammar.deferred:
        raise SchemaError(f"The schema cannot be guaranteed: {finding.summary}")
    return grammar


def _schema_text(schema: dict[str, Any], *, strict: bool) -> str:
    try:
        return str(
            LLMatcher.grammar_from_json_schema(
                json.dumps(schema),
                overrides={"whitespace_pattern": _WHITESPACE, "lenient": not strict},
            )
        )
    except ValueError as error:
        raise SchemaError(str(error)[:300]) from error


def _other_text(kind: Kind, source: object) -> str:
    if kind is Kind.CHOICE:
        source = _choice_regex(source)
    if not isinstance(source, str) or not source:
        raise SchemaError("A text that is not empty is needed.")
    try:
        if kind is Kind.LARK:
            return str(LLMatcher.grammar_from_lark(source))
        return str(LLMatcher.grammar_from_regex(source))
    except ValueError as error:
        raise SchemaError(str(error)[:300]) from error


def _explodes(regex: object, limits: SchemaLimits) -> bool:
    try:
        return isinstance(regex, str) and repetition(parse_pattern(regex)) > limits.repeat
    except PatternError:
        return False  # Not Python's syntax; the compiler's own limits decide.


def _choice_regex(source: object) -> str:
    if not isinstance(source, Sequence) or isinstance(source, str) or not source:
        raise SchemaError("A list of choices is needed.")
    if not all(isinstance(choice, str) and choice for choice in source):
        raise SchemaError("Each choice is a text that is not empty.")
    return "|".join("".join(map(_escaped, choice)) for choice in source)


def _escaped(character: str) -> str:
    return character if _PLAIN.match(character) else rf"\x{{{ord(character):x}}}"


def _raise_fault(text: str) -> None:
    fault = grammar_fault(text)
    if fault:
        raise SchemaError(fault)


def _with_smallest(grammar: Grammar, limits: SchemaLimits) -> Grammar:
    end = shortest_end(
        grammar.new_matcher(),
        grammar.samples,
        limit=max(limits.smallest_bytes, grammar.source_bytes),
        seconds=limits.seconds,
    )
    if end is None:
        raise SchemaError("The schema admits nothing, or only very long documents.")
    return replace(grammar, smallest=end)


def _locate(prepared: PreparedSchema, *, strict: bool) -> str:
    """Find the deepest subschema that fails on its own."""
    schema = prepared.schema
    shared: dict[str, Any] = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    path: list[str] = []
    node: Any = schema
    for _ in range(_LOCATE_TRIES):
        step = _failing_child(node, shared, strict=strict)
        if step is None:
            break
        name, node = step
        path.append(name)
    return ".".join(path)


def _failing_child(
    node: dict[str, Any], shared: dict[str, Any], *, strict: bool
) -> tuple[str, Any] | None:
    for keyword, value in node.items():
        for name, child in _children(keyword, value):
            if isinstance(child, dict):
                text = _schema_text({**shared, **child}, strict=strict)
                if grammar_fault(text):
                    return name, child
    return None


def _children(keyword: str, value: object) -> list[tuple[str, object]]:
    if keyword in {"properties", "patternProperties"} and isinstance(value, dict):
        return [(f"{keyword}.{name}", child) for name, child in value.items()][:_LOCATE_TRIES]
    if keyword in {"anyOf", "oneOf", "allOf", "prefixItems"} and isinstance(value, list):
        return [(f"{keyword}.{at}", child) for at, child in enumerate(value)][:_LOCATE_TRIES]
    if keyword in {"items", "additionalProperties"}:
        return [(keyword, value)]
    return []

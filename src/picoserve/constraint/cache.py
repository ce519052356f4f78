"""Compiled grammars, kept by content so that an agent's tools compile once.

Grammars are kept, never matchers: copies of a matcher share a lexer that can fail for all.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from picoserve.constraint.faults import NotCompiledError, SchemaError
from picoserve.constraint.grammar import Grammar, Kind, compile_grammar
from picoserve.constraint.schema import Schema


class Grammars(Protocol):
    """Where grammars come from."""

    def get_or_compile(
        self, kind: Kind, source: Schema | str | Sequence[str], *, strict: bool = True
    ) -> Grammar:
        """Return the grammar of this source."""
        ...


class GrammarCache:
    """The most recently used grammars; safe for use by several threads.

    Args:
        entries: Most grammars kept.
        total_bytes: Most grammar text kept, in characters.
    """

    def __init__(self, entries: int = 256, total_bytes: int = 16 * 1024 * 1024) -> None:
        self._entries = entries
        self._total_bytes = total_bytes
        self._used = 0
        self._grammars: OrderedDict[str, Grammar] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._grammars)

    def get(self, key: str) -> Grammar | None:
        """Return the grammar kept under this key, or None."""
        with self._lock:
            grammar = self._grammars.get(key)
            if grammar is not None:
                self._grammars.move_to_end(key)
            return grammar

    def put(self, key: str, grammar: Grammar) -> None:
        """Keep a grammar, and let go of the least recently used ones beyond the limits."""
        with self._lock:
            old = self._grammars.pop(key, None)
            self._used += len(grammar.text) - (len(old.text) if old else 0)
            self._grammars[key] = grammar
            while len(self._grammars) > self._entries or self._used > self._total_bytes:
                _, gone = self._grammars.popitem(last=False)
                self._used -= len(gone.text)

    def get_or_compile(
        self,
        kind: Kind,
        source: Schema | str | Sequence[str],
        *,
        strict: bool = True,
        compiler: Callable[..., Grammar] = compile_grammar,
    ) -> Grammar:
        """Return a grammar from the cache, or compile it in this thread and keep it.

        Raises:
            SchemaError: As `compile_grammar`; failures are not kept.
        """
        key = content_key(kind, source, strict=strict)
        grammar = self.get(key)
        if grammar is None:
            grammar = compiler(kind, source, strict=strict)
            self.put(key, grammar)
        return grammar


class KnownGrammars:
    """The grammars of a cache that are there already; it compiles nothing and never blocks."""

    def __init__(self, cache: GrammarCache) -> None:
        self._cache = cache

    def get_or_compile(
        self, kind: Kind, source: Schema | str | Sequence[str], *, strict: bool = True
    ) -> Grammar:
        """Return a grammar from the cache.

        Raises:
            NotCompiledError: It is not there.
        """
        grammar = self._cache.get(content_key(kind, source, strict=strict))
        if grammar is None:
            raise NotCompiledError
        return grammar


def content_key(kind: Kind, source: object, *, strict: bool = True) -> str:
    """Name a grammar by what it is made from; the order of properties counts.

    Raises:
        SchemaError: The source is nested too deeply.
        TypeError: The source is not made of JSON values.
    """
    try:
        text = json.dumps(source)
    except RecursionError as error:
        raise SchemaError("The schema is nested too deeply or has too many parts.") from error
    return hashlib.sha256(f"{kind}\n{strict}\n{text}".encode()).hexdigest()

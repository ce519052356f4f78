import pytest

from picoserve.constraint import (
    Grammar,
    GrammarCache,
    Kind,
    KnownGrammars,
    NotCompiledError,
    SchemaError,
    compile_grammar,
)
from picoserve.constraint.cache import content_key


def test_a_grammar_is_compiled_once() -> None:
    cache = GrammarCache()
    first = cache.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"})

    assert cache.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"}) is first
    assert cache.get_or_compile(Kind.JSON_SCHEMA, {"type": "object"}, strict=False) is not first
    assert cache.get_or_compile(Kind.CHOICE, ["a"]) is cache.get(content_key(Kind.CHOICE, ["a"]))


def test_the_order_of_properties_counts() -> None:
    assert content_key(Kind.JSON_SCHEMA, {"a": 1, "b": 2}) != content_key(
        Kind.JSON_SCHEMA, {"b": 2, "a": 1}
    )


def test_the_least_recently_used_goes_first() -> None:
    cache = GrammarCache(entries=2)
    cache.put("a", Grammar(Kind.REGEX, "a"))
    cache.put("b", Grammar(Kind.REGEX, "b"))
    cache.get("a")
    cache.put("c", Grammar(Kind.REGEX, "c"))

    assert cache.get("b") is None
    assert len(cache) == 2


def test_size_is_bounded_too() -> None:
    cache = GrammarCache(total_bytes=10)
    cache.put("a", Grammar(Kind.REGEX, "x" * 8))
    cache.put("a", Grammar(Kind.REGEX, "y" * 8))
    assert len(cache) == 1
    cache.put("b", Grammar(Kind.REGEX, "z" * 8))

    assert cache.get("a") is None
    assert cache.get("b") is not None


def test_failures_are_not_kept() -> None:
    cache = GrammarCache()
    with pytest.raises(SchemaError):
        cache.get_or_compile(Kind.REGEX, "((", compiler=compile_grammar)

    assert len(cache) == 0


def test_known_grammars_are_those_that_were_compiled() -> None:
    cache = GrammarCache()
    known = KnownGrammars(cache)
    with pytest.raises(NotCompiledError):
        known.get_or_compile(Kind.CHOICE, ["a"])

    grammar = cache.get_or_compile(Kind.CHOICE, ["a"])

    assert known.get_or_compile(Kind.CHOICE, ["a"]) is grammar

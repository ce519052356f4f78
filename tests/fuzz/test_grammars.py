"""Schemas, patterns, grammars and templates that nobody would write: refused, or of use."""

import contextlib
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz import strategies
from tests.fuzz.amount import SECONDS, examples
from tests.unit.work import at_most

from picoserve.constraint import Grammar, Kind, SchemaError, compile_grammar
from picoserve.prompt.chat_template import template_from_source
from picoserve.prompt.turns import TemplateError, Turn

pytestmark = pytest.mark.timeout(SECONDS)
# Compiling is bounded at a few seconds; this is for a slow machine.
COMPILE_SECONDS: Final = 20


def compiled(kind: Kind, source: Any, *, strict: bool = True) -> Grammar | None:
    with at_most(COMPILE_SECONDS):
        try:
            return compile_grammar(kind, source, strict=strict)
        except SchemaError:
            return None


@examples(100)
@given(source=strategies.schemas(), strict=st.booleans())
def test_schema_is_refused_or_its_smallest_document_meets_it(source: Any, strict: bool) -> None:
    grammar = compiled(Kind.JSON_SCHEMA, source, strict=strict)

    if grammar is not None:
        matcher = grammar.new_matcher()
        assert matcher.feed(grammar.smallest, bounded=False) == len(grammar.smallest)
        assert matcher.is_accepting


@examples(100)
@given(kind=st.sampled_from([Kind.REGEX, Kind.LARK, Kind.CHOICE]), data=st.data())
def test_grammar_is_refused_or_of_use(kind: Kind, data: st.DataObject) -> None:
    sources = {
        Kind.REGEX: strategies.regexes(),
        Kind.LARK: strategies.grammars(),
        Kind.CHOICE: st.lists(strategies.texts(), max_size=4),
    }
    grammar = compiled(kind, data.draw(sources[kind]))

    if grammar is not None:
        matcher = grammar.new_matcher()
        assert matcher.feed(grammar.smallest) == len(grammar.smallest)


@examples(60)
@given(source=strategies.templates(), text=strategies.texts())
def test_template_is_refused_or_writes(source: str, text: str) -> None:
    with contextlib.suppress(TemplateError):
        template = template_from_source(source, name="strange")
        assert isinstance(template.render([Turn("user", text)], []), str)

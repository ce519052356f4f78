"""Where each byte of a document came from."""

from picoserve.constraint import CHOSEN, FORCED, Document, Kind, compile_grammar
from picoserve.constraint.trace import Trace

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["kelvin", "celsius"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}


def test_bytes_are_counted_from_where_they_begin() -> None:
    trace = Trace()
    trace.begin(FORCED)
    trace.grow(2)
    trace.begin(7)
    trace.grow(3)
    trace.shrink(1)
    trace.begin(CHOSEN)
    trace.grow(1)

    assert list(trace.part(0, 9)) == [FORCED, FORCED, 7, 8, CHOSEN]


def test_bytes_that_have_become_more_stand_for_the_last_ones_read() -> None:
    trace = Trace()
    trace.begin(4)
    trace.grow(3)
    trace.end(5)

    assert list(trace.part(0, 3)) == [4, 4, 4]


def test_document_tells_its_sources() -> None:
    document = Document(compile_grammar(Kind.JSON_SCHEMA, SCHEMA), traced=True)
    verdicts = [document.start(), document.feed(b'O\nslo", "unit": "F', 100)]
    verdicts.append(document.repair([]))

    text = b"".join(verdict.emitted for verdict in verdicts)
    sources = [source for verdict in verdicts for source in verdict.sources]
    assert text == b'{"city": "O\\nslo", "unit": "'
    assert len(sources) == len(text)
    assert sources[:10] == [FORCED] * 10
    assert sources[10:16] == [100, 101, 101, 102, 103, 104]
    assert sources[-1] == 116


def test_sources_cost_nothing_where_nobody_asks() -> None:
    document = Document(compile_grammar(Kind.JSON_SCHEMA, SCHEMA))

    assert document.start().sources == ()

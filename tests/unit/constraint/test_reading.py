from picoserve.constraint import Kind, compile_grammar
from picoserve.constraint.desk import Desk
from picoserve.constraint.reading import Outcome, Reader


def reader_for(schema: dict[str, object]) -> Reader:
    matcher = compile_grammar(Kind.JSON_SCHEMA, schema).new_matcher()
    return Reader(Desk(matcher, 48), preamble_bytes=100)


def test_reading_stops_at_the_first_illegal_byte() -> None:
    assert reader_for({"type": "integer"}).read(b"12;", final=False) == (Outcome.COMPLETE, 2)
    assert reader_for({"type": "array"}).read(b"[1;", final=False) == (Outcome.VIOLATION, 2)


def test_what_the_next_byte_decides_waits() -> None:
    reader = reader_for({"type": "string"})

    assert reader.read(b'"a\\', final=False) == (Outcome.READY, 2)
    assert reader.waiting == b"\\"
    assert reader.read(b'n"', final=False) == (Outcome.COMPLETE, 3)


def test_a_flood_is_told_from_a_violation() -> None:
    outcome, _ = reader_for({"type": "string"}).read(b'"' + b" " * 100, final=False)

    assert outcome is Outcome.FLOOD

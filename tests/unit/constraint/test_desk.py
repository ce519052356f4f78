import re

from picoserve.constraint import Kind, compile_grammar
from picoserve.constraint.desk import Desk


def desk() -> Desk:
    return Desk(compile_grammar(Kind.JSON_SCHEMA, {"type": "array"}).new_matcher(), 3)


def test_only_so_much_is_dropped_in_a_row() -> None:
    here = desk()

    assert here.drop(3) == 3
    assert here.drop(1) is None
    assert here.put(b"x", b"[")
    assert here.drop(1) == 1


def test_a_skip_ends_at_its_mark_or_at_the_first_other_byte() -> None:
    here = desk()
    here.start_skip(re.compile(rb"(?s).*"), b"*/")
    assert here.skip(b"ab*") == 2
    assert here.skip(b"*/ [") == 2
    assert here.skipping is None

    here.start_skip(re.compile(rb"[0-9]*"))
    assert here.skip(b"12]") == 2
    assert here.skipping is None

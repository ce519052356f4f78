"""Text before calls: shown, and noted in the raw reply."""

from tests.unit.output.engine_play import tool_plan

from picoserve.generation import TextDelta
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.spoken import SpokenText


def test_text_is_shown_and_noted() -> None:
    raw = bytearray()
    text = SpokenText(raw, ["STOP"])

    assert text.show(b"Hello S") == [TextDelta("Hello ")]
    assert text.show(b"T") == []
    stopped = [text.stopped]
    assert text.show(b"OP and more") == []
    assert [*stopped, text.stopped] == [False, True]
    assert raw == b"Hello STOP and more"


def test_end_shows_what_was_held_back() -> None:
    raw, held = bytearray(), CallCandidate(tool_plan().trigger)
    text = SpokenText(raw, ["STOP"])
    text.show(held.feed(b'ST{"na'))

    assert "".join(e.text for e in text.end(held) if isinstance(e, TextDelta)) == 'ST{"na'
    assert raw == b'ST{"na'


def test_lead_is_noted_and_not_shown() -> None:
    raw = bytearray()
    text = SpokenText(raw, ["\n"], lead="\n\nAssistant: ")

    assert [text.show(piece) for piece in (b"\n\n", b"Assistant: ")] == [[], []]
    assert text.said == b""
    assert text.show(b"Hi") == [TextDelta("Hi")]
    assert text.said == b"Hi"
    assert not text.stopped
    assert raw == b"\n\nAssistant: Hi"


def test_lead_is_put_where_the_server_speaks_first() -> None:
    raw = bytearray()
    text = SpokenText(raw, (), lead=" ")
    text.put_lead()

    assert raw == b" "
    assert text.said == b""

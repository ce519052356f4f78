"""The calls of a reply and what stands between them."""

from typing import Any

from tests.unit.output.engine_play import tool_plan

from picoserve.constraint import Grammar, State
from picoserve.generation import ToolCallDelta
from picoserve.output.call_opening import CallForm, CallOpening, read_opening
from picoserve.output.call_series import CallSeries
from picoserve.output.engine_pieces import EnginePiece, EnginePieces
from picoserve.output.held_document import HeldDocument
from picoserve.output.reply import Tally

LIGHT = b'{"room": "hall", "on": true}'


def series(raw: bytearray, **fields: Any) -> CallSeries:
    def new_document(grammar: Grammar) -> HeldDocument:
        return HeldDocument(grammar, Tally(), EnginePieces(()))

    return CallSeries(tool_plan(**fields), raw, new_document)


def say(calls: CallSeries, said: bytes) -> list[Any]:
    return [
        event for at in range(len(said)) for event in calls.feed(EnginePiece(said[at : at + 1]))
    ]


def test_calls_follow_each_other_until_something_else_comes() -> None:
    raw = bytearray(b"Well. ")
    calls = series(raw)
    events: list[Any] = calls.begin(read_opening(b"[TOOL_CALLS]set_light{", ["set_light"]))

    events += say(calls, LIGHT[1:] + b"\n[TOOL_CALLS]hang_up{}</tool_call>")

    assert [event.name for event in events if event.name] == ["set_light", "hang_up"]
    assert (calls.count, calls.is_over, calls.prefix) == (2, False, "")
    assert raw.startswith(b'Well. {"name": "set_light", "arguments": ' + LIGHT)
    assert say(calls, b"And") == []
    assert calls.is_over


def test_one_call_is_all_where_they_may_not_be_parallel() -> None:
    calls = series(bytearray(), parallel_tool_calls=False)
    calls.begin(CallOpening(b'{"name": "'))
    say(calls, b'set_light", "arguments": ' + LIGHT)

    assert (calls.count, calls.is_over) == (1, True)


def test_call_whose_name_comes_last_is_repaired_from_its_name_on() -> None:
    raw = bytearray()
    calls = series(raw)
    opening = CallOpening(b'<tool_call>{"arguments":', form=CallForm.NAME_LAST)

    assert calls.begin(opening) == []
    assert say(calls, b' {"room": "hall"') == []
    calls.mend()
    assert (calls.state, raw.decode()) == (State.GOING, '{"name": "')


def test_forced_call_begins_by_itself() -> None:
    raw = bytearray()
    choice = {"type": "function", "function": {"name": "hang_up"}}
    events = series(raw, tool_choice=choice).force()

    assert [(e.name, e.arguments) for e in events if isinstance(e, ToolCallDelta)] == [
        ("hang_up", ""),
        (None, "{}"),
    ]


def test_json_with_a_name_as_its_key_ends_the_calls() -> None:
    calls = series(bytearray())
    calls.begin(CallOpening(b'{"name": "'))
    say(calls, b'set_light", "arguments": ' + LIGHT)

    assert say(calls, b'}, {"hang_up": {}}') == []
    assert (calls.count, calls.is_over) == (1, True)

"""Calls as events: the first as it is written, the others when they are whole and new."""

from picoserve.generation import ToolCallDelta
from picoserve.output.call_log import CallLog


def test_first_call_streams_and_the_second_comes_whole() -> None:
    log = CallLog()

    (first,) = log.begin("f")
    assert isinstance(first, ToolCallDelta)
    assert (first.index, first.name, first.arguments) == (0, "f", "")
    assert log.add('{"a": ') == [ToolCallDelta(0, '{"a": ')]
    assert log.add("") == []
    assert log.end('{"a": 1}') == []
    assert log.begin("g") == []
    assert log.add("{") == []
    head, rest = log.end("{}")
    assert isinstance(head, ToolCallDelta)
    assert (head.index, head.name) == (1, "g")
    assert head.id != first.id
    assert rest == ToolCallDelta(1, "{}")
    assert log.count == 2


def test_repeat_is_dropped_however_it_is_spaced() -> None:
    log = CallLog()
    for arguments in ('{"a": 1}', '{"a":1}', '{"a": true}', '{"a": true}'):
        log.begin("f")
        log.end(arguments)

    assert (log.count, log.attempts) == (2, 4)
    assert not log.is_over


def test_second_repeat_in_a_row_is_the_end() -> None:
    log = CallLog()
    over = []
    for arguments in ('{"a": 1}', '{"a": 1}', '{"a": 2}', '{"a": 2}', '{"a":2}'):
        log.begin("f")
        log.end(arguments)
        over.append(log.is_over)

    assert over == [False, False, False, False, True]


def test_same_arguments_for_another_function_are_no_repeat() -> None:
    log = CallLog()
    for name in ("f", "g"):
        log.begin(name)
        log.end("{}")

    assert log.count == 2


def test_repeat_of_any_call_before_is_dropped() -> None:
    log = CallLog()
    over = []
    for name in ("f", "g", "f", "h", "g", "f"):
        log.begin(name)
        log.end("{}")
        over.append(log.is_over)

    assert log.count == 3
    assert over == [False, False, False, False, False, True]

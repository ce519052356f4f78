"""Bytes that could begin a call are held exactly as long as they could."""

import pytest
from tests.unit.output.engine_play import tool_plan

from picoserve.output.call_candidate import CallCandidate


def candidate() -> CallCandidate:
    return CallCandidate(tool_plan().trigger)


@pytest.mark.parametrize(
    "trigger",
    [
        '{"name": "', '{ "name" : "', '[{"name":"', '<tool_call>\n{"name": "',
        '<|python_tag|>{"name": "', '[TOOL_CALLS][{"name": "', '```json\n{"name": "',
        '{"type": "function", "name": "', '{"type": "function", "function": {"name": "',
    ],
)  # fmt: skip
def test_trigger_is_held_to_its_last_byte(trigger: str) -> None:
    held = candidate()

    assert held.feed(trigger[:-1].encode()) == b""
    assert (held.is_open, held.is_call) == (True, False)
    assert held.feed(trigger[-1:].encode()) == b""
    assert (held.is_open, held.is_call) == (True, True)
    assert held.take() == trigger.encode()
    assert (held.is_open, held.is_call) == (False, False)


@pytest.mark.parametrize(
    "text", ["plain", '{"nam_', "<b>", "[1]", "``` x", "{{", '[{"a', "<tool_call>x", "<<"]
)
def test_everything_else_comes_back_whole(text: str) -> None:
    held = candidate()

    assert held.feed(text.encode()) + held.take() == text.encode()
    assert not held.is_call


def test_byte_that_breaks_one_candidate_may_begin_another() -> None:
    held = candidate()

    assert held.feed(b'<b{"name": "') == b"<b"
    assert held.is_call


def test_next_possible_beginning_is_found() -> None:
    held = candidate()

    assert held.first_start(b"ab<c{", 0) == 2
    assert held.first_start(b"ab<c{", 3) == 4
    assert held.first_start(b"abc", 0) == 3

"""Tool calls as OpenAI writes them, in chunks and whole."""

import pytest

from picoserve.generation import FinishReason, ToolCallDelta
from picoserve.openai_api.tool_call_shapes import CallFold, finish_word, tool_call_delta

FIRST = ToolCallDelta(0, "", "call_a", "f")
MORE = ToolCallDelta(0, '{"x": 1}')
SECOND = ToolCallDelta(1, "", "call_b", "g")


def test_identity_and_name_come_once_and_arguments_are_always_text() -> None:
    assert tool_call_delta(FIRST, legacy=False) == {
        "tool_calls": [
            {
                "index": 0,
                "id": "call_a",
                "type": "function",
                "function": {"name": "f", "arguments": ""},
            }
        ]
    }
    assert tool_call_delta(MORE, legacy=False) == {
        "tool_calls": [{"index": 0, "function": {"arguments": '{"x": 1}'}}]
    }


def test_old_form_has_neither_list_nor_identity() -> None:
    assert tool_call_delta(FIRST, legacy=True) == {"function_call": {"name": "f", "arguments": ""}}
    assert tool_call_delta(MORE, legacy=True) == {"function_call": {"arguments": '{"x": 1}'}}


@pytest.mark.parametrize("reason", FinishReason)
def test_only_calls_in_the_old_form_have_another_finish_reason(reason: FinishReason) -> None:
    assert finish_word(reason, legacy=False) == reason
    changed = reason is FinishReason.TOOL_CALLS
    assert finish_word(reason, legacy=True) == ("function_call" if changed else reason)


def test_deltas_fold_to_whole_calls() -> None:
    fold = CallFold()
    assert fold.fields(legacy=False) == {}
    for event in (FIRST, MORE, SECOND):
        fold.add(event)

    assert fold.fields(legacy=False) == {
        "tool_calls": [
            {
                "id": "call_a",
                "type": "function",
                "function": {"name": "f", "arguments": '{"x": 1}'},
            },
            {"id": "call_b", "type": "function", "function": {"name": "g", "arguments": ""}},
        ]
    }
    assert fold.fields(legacy=True) == {"function_call": {"name": "f", "arguments": '{"x": 1}'}}

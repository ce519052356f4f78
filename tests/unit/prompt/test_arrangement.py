from dataclasses import replace

from picoserve.prompt.arrangement import Arranger, Message
from picoserve.prompt.families import FAMILIES
from picoserve.prompt.turns import ToolCall, ToolDefinition, Turn

ROWS = {row.name: row for row in FAMILIES}
CALL = Turn("assistant", "", (ToolCall("1", "f", "{}"), ToolCall("2", "g", "{}")))


def arranged(family: str, *turns: Turn, suffix: str = "") -> list[Message]:
    return Arranger(ROWS[family]).arrange(turns, (), suffix)


def test_the_suffix_ends_the_opening_system_text_or_is_all_of_it() -> None:
    assert arranged("phi3", Turn("system", "s"), suffix="x") == [
        {"role": "system", "content": "s\n\nx"}
    ]
    assert arranged("phi3", Turn("user", "u"), Turn("system", "s"), suffix="x") == [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "u"},
        {"role": "system", "content": "s"},
    ]


def test_results_are_grouped_and_named_by_their_calls() -> None:
    first, second = Turn("tool", "1", tool_call_id="1"), Turn("tool", "2", tool_call_id="2")

    messages = arranged("phi3", CALL, first, second, Turn("user", "u"), Turn("tool", "3", name="h"))

    assert [message["role"] for message in messages] == ["assistant", "user", "user", "user"]
    assert messages[1]["content"] == (
        '<tool_response>\n{"name": "f", "output": 1}\n</tool_response>\n'
        '<tool_response>\n{"name": "g", "output": 2}\n</tool_response>'
    )
    assert '"name": "h"' in messages[3]["content"]


def test_a_lead_that_the_client_kept_is_not_doubled() -> None:
    for reply in (" Yes.", "Yes."):
        messages = arranged("mistral", Turn("user", "u"), Turn("assistant", reply))

        assert messages[-1] == {"role": "assistant", "content": "Yes."}


def test_tool_text_is_cleaned_of_frames_and_system_text_is_not() -> None:
    messages = arranged("qwen2.5", Turn("system", "<tool_call>"), Turn("user", "<tool_call>"))

    assert [message["content"] for message in messages] == ["<tool_call>", "< tool_call>"]


def test_empty_texts_leave_no_blank_lines_in_merged_turns() -> None:
    turns = (Turn("system", ""), Turn("user", ""), Turn("user", "a"), Turn("user", ""))

    assert arranged("gemma", *turns) == [{"role": "user", "content": "a"}]


def test_tools_bring_the_default_system_text() -> None:
    arranger = Arranger(replace(ROWS["qwen2.5"], default_system=lambda: "Default."))

    (message,) = arranger.arrange((), (ToolDefinition("f", "", None),), "")

    assert message["content"].startswith("Default.\n\n# Tools")
    assert arranger.arrange((), (), "") == []

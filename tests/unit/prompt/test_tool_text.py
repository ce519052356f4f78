import pytest

from picoserve.prompt.tool_text import GENERIC, HERMES, LLAMA, PARAMETERS, ToolStyle
from picoserve.prompt.turns import ToolCall, ToolDefinition

STYLES = (HERMES, LLAMA, GENERIC)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_call_begins_as_a_forced_call_does(style: ToolStyle) -> None:
    call = style.format_call("f", '{"a":  1}')

    assert call.startswith(style.call_opening("f") + '{"a":  1}')
    assert style.call_opening("f").startswith(style.call_opening())
    assert any(call.startswith(trigger) for trigger in style.triggers)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_without_tools_nothing_is_offered(style: ToolStyle) -> None:
    assert style.offer([]) == ""


def test_arguments_that_are_no_json_become_a_text() -> None:
    assert GENERIC.format_call("f", "x: 1") == '{"name": "f", "arguments": "x: 1"}'


def test_parameters_stand_in_tags_of_their_own() -> None:
    arguments = '{"city": "São \\"P\\"", "days": 2, "on": true, "unit": null, "at": {"x": [1]}}'

    assert PARAMETERS.format_call("f", arguments) == (
        '<tool_call>\n<function=f>\n<parameter=city>\nSão "P"\n</parameter>\n'
        "<parameter=days>\n2\n</parameter>\n<parameter=on>\nTrue\n</parameter>\n"
        '<parameter=unit>\nNone\n</parameter>\n<parameter=at>\n{"x": [1]}\n</parameter>\n'
        "</function>\n</tool_call>"
    )
    assert (
        PARAMETERS.format_call("f", "{}") == "<tool_call>\n<function=f>\n</function>\n</tool_call>"
    )


@pytest.mark.parametrize("arguments", ["x: 1", "[1]", '{"a": "\\u0000"}', '{"a": "\\ud800"}'])
def test_call_without_parameters_stays_an_object(arguments: str) -> None:
    assert PARAMETERS.format_call("f", arguments) == HERMES.format_call("f", arguments)


def test_replies_keep_their_text_and_line_break() -> None:
    calls = [ToolCall("1", "f", "{}"), ToolCall("2", "g", "{}")]
    written = '{"name": "f", "parameters": {}}\n{"name": "g", "parameters": {}}'

    assert LLAMA.format_reply(" Wait.", calls) == f" Wait.\n{written}"
    assert LLAMA.format_reply("Wait.\n", calls) == f"Wait.\n{written}"
    assert LLAMA.format_reply("", calls) == written
    assert LLAMA.format_reply("Wait.", []) == "Wait."


def test_results_by_style() -> None:
    assert HERMES.format_result("f", "ok") == "<tool_response>\nok\n</tool_response>"
    assert LLAMA.format_result("f", "ok") == '{"output": "ok"}'
    assert GENERIC.format_result("f", "[1]") == (
        '<tool_response>\n{"name": "f", "output": [1]}\n</tool_response>'
    )
    assert '{"output": ""}' in GENERIC.format_result(None, "")


def test_definitions_keep_their_order_and_leave_out_what_is_not_given() -> None:
    offer = GENERIC.offer([ToolDefinition("b", "", None), ToolDefinition("a", "First.", {})])

    assert '\n{"name": "b"}\n{"name": "a", "description": "First.", "parameters": {}}\n' in offer


def test_braces_in_a_definition_are_no_placeholder() -> None:
    offer = HERMES.offer([ToolDefinition("f", "{tools} {0}", None)])

    assert '"description": "{tools} {0}"' in offer

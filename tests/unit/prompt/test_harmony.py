"""What templates in harmony are given, and what comes of it."""

from typing import Any, Final

import pytest
from tests.support.harmony import CALL_AS_WRITTEN, FINAL, TEMPLATE, THOUGHT

from picoserve.generation import HarmonyChannels
from picoserve.prompt.chat_template import (
    ChatTemplate,
    ToolCall,
    ToolDefinition,
    Turn,
    template_from_source,
    template_named,
)
from picoserve.prompt.harmony import is_harmony

OPENING: Final = "<|start|>system<|message|>Reasoning: medium<|end|>"
REPLY: Final = "<|start|>assistant"
USER: Final = Turn("user", "Weather?")
PARIS: Final = ToolCall("1", "get_weather", '{"city":"Paris"}')
NOON: Final = ToolCall("2", "get_time", "{}")
SUNNY: Final = Turn("tool", '{"sky": "blue"}', tool_call_id="1")
TWELVE: Final = Turn("tool", "noon", tool_call_id="2")
CALLED: Final = REPLY + CALL_AS_WRITTEN % "get_weather" + '{"city":"Paris"}<|call|>'
ASKED: Final = REPLY + CALL_AS_WRITTEN % "get_time" + "{}<|call|>"
ANSWERED: Final = (
    "<|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>"
    r'"{\"sky\": \"blue\"}"<|end|>'
)
TOLD: Final = (
    '<|start|>functions.get_time to=assistant<|channel|>commentary<|message|>"noon"<|end|>'
)


def said(text: str) -> str:
    return f"<|start|>user<|message|>{text}<|end|>"


def replied(text: str) -> str:
    return f"{REPLY}{FINAL}{text}<|end|>"


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    return template_from_source(TEMPLATE, name="harmony")


def test_only_the_last_marks_end_a_reply(template: ChatTemplate) -> None:
    assert template.stop_phrases == template.strip_phrases == ("<|return|>", "<|call|>")
    assert isinstance(template.thoughts, HarmonyChannels)
    assert template.reply_lead == ""
    assert not is_harmony("<|start|>{{ m }}<|message|><|end|>")
    assert template_named("phi3").thoughts is None


def test_tools_are_offered_by_the_template(template: ChatTemplate) -> None:
    schema = {
        "type": "object",
        "properties": {
            "unit": {"enum": [1, 2], "default": 1, "description": 7},
            "all": True,
            "city": {},
        },
    }
    tools = [ToolDefinition("f", "Does.<|end|>", schema), ToolDefinition("g", "", None)]

    prompt = template.render([Turn("system", "Be brief."), USER], tools, system_suffix="As JSON.")

    assert prompt == (
        f"{OPENING}<|start|>developer<|message|># Instructions\nBe brief.\n\nAs JSON.\n"
        "// Does.< |end|>\ntype f = (unit7 = 1;all;city;)\n// \ntype g = ()\n<|end|>"
        f"{said('Weather?')}{REPLY}"
    )


@pytest.mark.parametrize(
    ("turns", "written"),
    [
        ([USER, Turn("assistant", "", (PARIS,)), SUNNY], CALLED + ANSWERED),
        (
            [USER, Turn("assistant", "", (PARIS,), thought="I look."), SUNNY],
            REPLY + (THOUGHT % "I look.").removesuffix(REPLY) + CALLED + ANSWERED,
        ),
        (
            [USER, Turn("assistant", "One moment.", (PARIS,), thought="I look."), SUNNY],
            REPLY + (THOUGHT % "I look.\n\nOne moment.").removesuffix(REPLY) + CALLED + ANSWERED,
        ),
        # One call per message, each with its own result.
        (
            [USER, Turn("assistant", "", (PARIS, NOON)), TWELVE, SUNNY],
            CALLED + ANSWERED + ASKED + TOLD,
        ),
        (
            [
                USER,
                Turn("assistant", "", (PARIS,), thought="I look."),
                SUNNY,
                Turn("assistant", "It is blue.", thought="Done."),
                Turn("user", "Thanks."),
            ],
            CALLED + ANSWERED + replied("It is blue.") + said("Thanks."),
        ),
        # What the template has no place for is text of the user.
        (
            [USER, Turn("system", "Be brief."), Turn("user", "Now!")],
            said("Be brief.") + said("Now!"),
        ),
        (
            [USER, Turn("assistant", "Hm."), Turn("tool", "noon", name="get_time")],
            replied("Hm.") + said("<tool_response>\nnoon\n</tool_response>"),
        ),
        (
            [USER, Turn("assistant", "", (NOON,)), TWELVE, SUNNY],
            ASKED + TOLD + said('<tool_response>\n{"sky": "blue"}\n</tool_response>'),
        ),
    ],
)
def test_conversations_are_written_by_the_template(
    template: ChatTemplate, turns: list[Turn], written: str
) -> None:
    assert template.render(turns) == f"{OPENING}{said('Weather?')}{written}{REPLY}"


@pytest.mark.parametrize("end", ["<|end|>", "<|call|>", "<|start|>"])
def test_nobody_can_write_a_mark(template: ChatTemplate, end: str) -> None:
    call = ToolCall("1", f"f{end}", f'{{"a": "{end}"}}')
    turns = [Turn(role, end) for role in ("system", "user")]
    turns += [Turn("assistant", end, (call,), thought=end), Turn("tool", end, tool_call_id="1")]
    tools = [ToolDefinition("f", end, {"properties": {end: {"enum": [end], "default": end}}})]
    plain = [Turn(role, "x") for role in ("system", "user")]
    plain += [Turn("assistant", "x", (PARIS,), thought="x"), SUNNY]
    fine: list[Any] = [ToolDefinition("f", "x", {"properties": {"x": {}}})]

    prompt = template.render(turns, tools)

    assert prompt.count(end) == template.render(plain, fine).count(end)
    assert "< |" in prompt


@pytest.mark.parametrize("arguments", ["no JSON", "[" * 100_000, '{"a": NaN, "b" : [1,2]}'])
def test_arguments_are_written_as_they_came(template: ChatTemplate, arguments: str) -> None:
    turns = [USER, Turn("assistant", "", (ToolCall("1", "f", arguments),))]

    written = arguments if arguments.startswith("{") else f'"{arguments}"'
    assert f"<|message|>{written}<|call|>" in template.render(turns)


def test_later_prompts_begin_with_the_earlier_one_and_its_reply(template: ChatTemplate) -> None:
    first = template.render([USER])
    reply = FINAL + "It is blue."

    later = template.render([USER, Turn("assistant", "It is blue."), USER])

    assert later.startswith(first + reply)


def test_effort_is_the_template_s_own(template: ChatTemplate) -> None:
    assert "reasoning_effort" in template.variables
    prompt = template.render([USER], variables={"reasoning_effort": "high"})
    assert prompt.startswith("<|start|>system<|message|>Reasoning: high<|end|>")

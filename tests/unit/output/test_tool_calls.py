"""What of a reply is text and what is a call, whatever shape the model gives it."""

import json
from typing import Any

import pytest
from tests.unit.output.engine_play import (
    END_MARK,
    HANG_UP,
    LIGHT,
    TOOLS,
    WEATHER,
    Played,
    function_tool,
    is_done,
    play,
    play_tools,
    tool_plan,
)

from picoserve.generation import EngineFinish, FinishReason, Outcome, ToolCallDelta
from picoserve.output.reply import ReplyState
from picoserve.output.tool_calls import ToolReply
from picoserve.prompt.tool_text import GENERIC, HERMES, LLAMA

PARIS = '{"location": "Paris", "unit": "c"}'
ROME = '{"location": "Rome", "unit": null}'
CALL = f'{{"name": "get_weather", "arguments": {PARIS}}}'
ROME_CALL = f'{{"name": "get_weather", "arguments": {ROME}}}'
LIGHT_CALL = '{"name": "set_light", "arguments": {"room": "hall", "on": true}}'
HALL = '{"room": "hall", "on": true}'
TAGGED = f"<tool_call>\n{CALL}\n</tool_call>"
TAGGED_ROME = f"<tool_call>\n{ROME_CALL}\n</tool_call>"
NAMED_WEATHER = {"type": "function", "function": {"name": "get_weather"}}

TEXTS = {
    "plain": "It is sunny in Paris. Anything else?",
    "braces": "Use {braces}, {{double}} ones, and } or { alone.",
    "brackets": "A list: [1, 2, [3]], [TOOL] and [TOOL_CALL and ].",
    "tags": "Write <b>bold</b>, <tool> or <tool_cal, 1 < 2 > 0 and <|end.",
    "fences": "Try:\n```python\nx = {'name': 1}\n```\nor ```json\n{\"a\": 1}\n``` or `code`.",
    "JSON": 'The answer is {"city": "Paris", "names": ["a"]} as JSON.',
    "JSON with a name": 'For example {"name": "Bob", "age": 3} is a person {"name": "get_w"}.',
    "JSON from the first byte": '{"city": "Paris"}',
    "unicode": "Ça va ? 東京は晴れ 😀 {é} <ü>",
    "ends with an opening": 'And then {"name',
    "blanks": "  \n  two lines\n\n",
    "name of a tool": "I would call get_weather(location='Paris') for that.",
    "code": "```python\nget_weather(location='Paris')\n``` shows (get_weather), [get_weather].",
    "functools in a text": "In Python, functools[0] is none; functions and functools[ too.",
    "f": "for you, four of five: functools",
    "JSON with a tool": 'Such as {"tool": "hammer", "args": {}} or {"function": "f(x)"}.',
    "JSON with a name in a fence": 'Here:\n```json\n{\n  "name": "my-app"\n}\n```\nRun it.',
    "JSON with a name in a bare fence": '```\n{"name": "web", "image": "nginx"}\n```',
    "JSON with a function in a fence": 'Try\n```json\n{"function": "square", "x": 2}\n```',
    "list of JSON with names": 'They are [{"name": "Alice"}, {"name": "Bob"}].',
    "list from the first byte": '[{"id": "1", "name": "Alice"}]',
    "list of a call in code": "Try\n```py\nx=[get_weather(1)]\n[hang_up()]\n```\nor [hang_up()].",
    "name and a brace in a text": "Write get_weather{} or call:hang_up{} there.",
    "name at the beginning": "get_weather tells the weather, hang_up {ends}.",
    "name and braces at the beginning": "get_weather {7} has been sent.",
    "name and a quoted word": 'hang_up {"7"} has been sent.',
    "name and a placeholder": "hang_up {} was said.",
    "call: and braces at the beginning": "call:get_weather{7} is what I would say.",
    "name with a capital letter": "Get_weather {7} has been sent.",
    "keys that are names": '[{"get_weather": {"location": "Ulm"}}, {"set_light": {"on": 8}}]',
    "key that is a name": '{"get_weather": {"location": "Ulm", "unit": "c"}}',
    "key that is a name in a text": 'Such as [{"get_weather": {"location": "Oslo"}}].',
    "unknown name in a tag": "<tool_call>\n<function=look>\n<parameter=a>\n1\n</parameter>",
    "unknown name and keys": "<tool_call>look\n<arg_key>a</arg_key>",
    "name and a tag": "get_weather <b>tells</b> [{'get_weather': {}}]",
    "list of the tools": '[{"name": "get_weather", "description": "Tells"}, {"name": "hang_up"}]',
    "JSON of a tool from the first byte": '{"tool": "hammer", "arguments": {"a": 1}}',
}
AS_TEXT = CALL.replace(PARIS, json.dumps(PARIS))
OPENAI_CALL = f'{{"id": "call_1", "type": "function", "function": {AS_TEXT}}}'
OPENAI_LIGHT_CALL = OPENAI_CALL.replace(AS_TEXT, LIGHT_CALL.replace(HALL, json.dumps(HALL)))
PARAMETERS = (
    "<tool_call>\n<function=get_weather>\n<parameter=location>\nParis\n</parameter>\n"
    "<parameter=unit>\nc\n</parameter>\n</function>\n</tool_call>"
)
ARG_KEYS = (
    "<tool_call>get_weather\n<arg_key>location</arg_key>\n<arg_value>Paris</arg_value>\n"
    "<arg_key>unit</arg_key>\n<arg_value>c</arg_value>\n</tool_call>"
)
GEMMA = '<|tool_call>call:get_weather{location:<|"|>Paris<|"|>, unit:<|"|>c<|"|>}<tool_call|>'
ONE_CALL = {
    "bare with arguments": CALL,
    "bare with parameters": CALL.replace("arguments", "parameters"),
    "compact": f'{{"name":"get_weather","arguments":{PARIS}}}',
    "indented": f'{{\n  "name": "get_weather",\n  "arguments": {PARIS}\n}}',
    "type first": CALL.replace("{", '{"type": "function", ', 1),
    "function inside": f'{{"type": "function", "function": {CALL}}}',
    "python tag": f"<|python_tag|>{CALL}",
    "tag": TAGGED,
    "tag without its end": f"<tool_call>{CALL}",
    "other tag": f"<function_call>{CALL}</function_call>",
    "fence": f"```json\n{CALL}\n```",
    "bare fence": f"```\n{CALL}\n```",
    "list of one": f"[{CALL}]",
    "TOOL_CALLS": f"[TOOL_CALLS] [{CALL}]",
    "end mark": CALL + END_MARK,
    "junk after": f"{CALL} That is what I call. {ROME_CALL}",
    "blanks before": f"\n\n {CALL}",
    "functools": f"functools[{CALL}]",
    "tool call token": f"<|tool_call|>[{CALL}]<|/tool_call|>",
    "tools tag": f"<tools>\n{CALL}\n</tools>",
    "tool_call fence": f"```tool_call\n{CALL}\n```",
    "args": CALL.replace("arguments", "args"),
    "id first": CALL.replace("{", '{"id": "call_1", "type": "function", "function": {', 1) + "}",
    "OpenAI's list": f'{{"tool_calls": [{{"type": "function", "function": {CALL}}}]}}',
    "OpenAI's list, arguments as text": f'{{"tool_calls": [{OPENAI_CALL}]}}',
    "arguments as text": AS_TEXT,
    "arguments as text in a tag": f"<tool_call>\n{AS_TEXT}\n</tool_call>",
    "arguments as text in a fence": f"```json\n{AS_TEXT}\n```",
    "one tool_call": f'{{"tool_call": {CALL}}}',
    "function is the name": CALL.replace('"name"', '"type": "function", "function"'),
    "tool is the name": CALL.replace('"name"', '"tool"'),
    "name before JSON": f"[TOOL_CALLS]get_weather{PARIS}",
    "name and ARGS": f"[TOOL_CALLS]get_weather[ARGS]{PARIS}",
    "name and CALL_ID": f"[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{PARIS}",
    "function tag": f"<function=get_weather>{PARIS}</function>",
    "Python": "[get_weather(location='Paris', unit='c')]",
    "Python, double quotes": '[get_weather(location="Paris", unit="c")]',
    "Python without names": "[get_weather('Paris', \"c\")]",
    "Python tag and call": '<|python_tag|>get_weather.call(location="Paris", unit="c")',
    "tool_code": "```tool_code\nget_weather(location='Paris', unit='c')\n```",
    "tool_code, printed": "```tool_code\nprint(get_weather(location='Paris', unit='c'))\n```",
    "arguments first": f'<tool_call>\n{{"arguments": {PARIS}, "name": "get_weather"}}</tool_call>',
    "arguments first, as text": (
        f'<tool_call>{{"arguments": {json.dumps(PARIS)}, "name": "get_weather"}}</tool_call>'
    ),
    "parameters": PARAMETERS,
    "parameters, tight": PARAMETERS.replace("\n", "").removeprefix("<tool_call>"),
    "argument keys": ARG_KEYS,
    "argument keys, tight": ARG_KEYS.replace("\n", ""),
    "name alone": f"get_weather{PARIS}",
    "name and ARGS alone": f"get_weather[ARGS]{PARIS}",
    "name in a tag": f"<tool_call>get_weather\n{PARIS}\n</tool_call>",
    "function tag in a tag": f"<tool_call><function=get_weather>{PARIS}</function></tool_call>",
    "Gemma": GEMMA,
    "Gemma without its tokens": GEMMA[12:-12],
    "name as the key": f'<|tools_prefix|>[{{"get_weather": {PARIS}}}]<|tools_suffix|>',
    "Python between tokens": (
        '<|tool_call_start|>[get_weather(location="Paris", unit="c")]<|tool_call_end|>'
    ),
    "namespace": CALL.replace("get_weather", "functions.get_weather"),
    "hyphen": CALL.replace("get_weather", "get-weather"),
    "camel case": CALL.replace("get_weather", "getWeather"),
    "title": CALL.replace("get_weather", "Get Weather"),
    "escaped underscore": CALL.replace("get_weather", r"get\_weather"),
}
TWO_CALLS = {
    "list": f"[{CALL}, {LIGHT_CALL}]",
    "TOOL_CALLS": f"[TOOL_CALLS][{CALL},{LIGHT_CALL}]",
    "semicolon": f"{CALL}; {LIGHT_CALL}",
    "lines": f"{CALL}\n{LIGHT_CALL}",
    "tags": f"{TAGGED}\n<tool_call>\n{LIGHT_CALL}\n</tool_call>",
    "fences": f"```json\n{CALL}\n```\n```json\n{LIGHT_CALL}\n```",
    "python tags": f"<|python_tag|>{CALL}; <|python_tag|>{LIGHT_CALL}",
    "functools": f"functools[{CALL}, {LIGHT_CALL}]",
    "OpenAI's list": f'{{"tool_calls": [{{"function": {CALL}}}, {{"function": {LIGHT_CALL}}}]}}',
    "OpenAI's list, arguments as text": f'{{"tool_calls": [{OPENAI_CALL}, {OPENAI_LIGHT_CALL}]}}',
    "names before JSON": f"[TOOL_CALLS]get_weather{PARIS}[TOOL_CALLS]set_light{HALL}",
    "function tags": f"<function=get_weather>{PARIS}</function>\n<function=set_light>{HALL}",
    "arguments first": (
        f'<tool_call>{{"arguments": {PARIS}, "name": "get_weather"}}</tool_call>\n'
        f'<tool_call>{{"arguments": {HALL}, "name": "set_light"}}</tool_call>'
    ),
    "parameters": (
        f"{PARAMETERS}\n<tool_call>\n<function=set_light>\n<parameter=room>\nhall\n</parameter>\n"
        "<parameter=on>\nTrue\n</parameter>\n</function>\n</tool_call>"
    ),
    "argument keys": (
        f"{ARG_KEYS}<tool_call>set_light\n<arg_key>room</arg_key>\n<arg_value>hall</arg_value>\n"
        "<arg_key>on</arg_key>\n<arg_value>true</arg_value>\n</tool_call>"
    ),
    "names alone": f"get_weather{PARIS}set_light{HALL}",
    "Gemma": f'{GEMMA}<|tool_call>call:set_light{{room:<|"|>hall<|"|>, on:true}}<tool_call|>',
    "names as keys": f'<|tools_prefix|>[{{"get_weather": {PARIS}}}, {{"set_light": {HALL}}}]',
    "Python": "[get_weather(location='Paris', unit='c'), set_light(room='hall', on=True)]",
    "tool_code": "```tool_code\nget_weather('Paris', 'c')\nset_light(\"hall\", True)\n```",
}
TWO = [("get_weather", PARIS), ("set_light", HALL)]


_PLAN = tool_plan()


def assert_valid(played: Played) -> None:
    """Each call is of a known tool and has the fields that its schema wants."""
    required = {
        tool["function"]["name"]: tool["function"]["parameters"].get("required", [])
        for tool in TOOLS
    }
    for name, arguments in played.calls:
        assert sorted(json.loads(arguments)) == sorted(required[name])
    assert len(set(played.ids)) == len(played.calls)


@pytest.mark.parametrize("shape", TEXTS)
def test_text_comes_through_byte_for_byte(shape: str) -> None:
    played = play_tools(TEXTS[shape])

    assert played.answer == (TEXTS[shape], [], FinishReason.STOP)
    assert played.engine_calls == 1


@pytest.mark.parametrize("style", [GENERIC, HERMES, LLAMA], ids=lambda style: style.name)
@pytest.mark.parametrize("shape", ONE_CALL)
def test_one_call_costs_one_call_of_the_engine(shape: str, style: Any) -> None:
    played = play_tools(ONE_CALL[shape], style)

    assert played.text.strip() == ""
    assert (played.calls, played.finish) == ([("get_weather", PARIS)], FinishReason.TOOL_CALLS)
    assert played.engine_calls == 1


@pytest.mark.parametrize("shape", TWO_CALLS)
def test_two_calls_cost_one_call_of_the_engine(shape: str) -> None:
    played = play_tools(TWO_CALLS[shape])

    assert played.answer == ("", TWO, FinishReason.TOOL_CALLS)
    assert played.engine_calls == 1
    assert_valid(played)


@pytest.mark.parametrize("call", [CALL, TAGGED, f"```json\n{CALL}\n```"])
def test_text_before_a_call_is_shown(call: str) -> None:
    played = play_tools(f"Let me look. {call}")

    assert played.text == "Let me look. "
    assert played.calls == [("get_weather", PARIS)]
    assert played.finish is FinishReason.TOOL_CALLS


@pytest.mark.parametrize("script", [*TEXTS.values(), *ONE_CALL.values(), *TWO_CALLS.values()])
def test_byte_by_byte_gives_the_same_answer(script: str) -> None:
    assert play_tools(script, _size=1).answer == play_tools(script, _size=10_000).answer


@pytest.mark.parametrize(
    "script",
    [
        *TEXTS.values(), ONE_CALL["type first"], f"Well: {ONE_CALL['fence']}", TWO_CALLS["tags"],
    ],
)  # fmt: skip
def test_no_cut_changes_the_answer(script: str) -> None:
    whole = play_tools(script, _size=10_000).answer

    for at in range(1, len(script.encode())):
        cut = play(ToolReply(_PLAN, (END_MARK,), ()), script, size=10_000, first=at)
        assert cut.answer == whole, at


def test_text_is_not_held_back() -> None:
    reply = ToolReply(tool_plan(), (END_MARK,), ())
    shown = [reply.feed(piece) for piece in (b"It ", b"is ", b"sunny. ", b"A < b")]

    assert all(shown)


def test_text_in_a_tag_streams_as_it_is_written() -> None:
    reply = ToolReply(tool_plan(), (END_MARK,), ())
    reply.feed(PARAMETERS[: PARAMETERS.index("Paris")].encode())

    assert reply.feed(b"Par") == [ToolCallDelta(0, "Par")]
    assert reply.feed(b"is\n") == [ToolCallDelta(0, "is")]


def test_first_call_streams_as_it_is_written() -> None:
    reply = ToolReply(tool_plan(), (END_MARK,), ())
    reply.feed(b'{"name": "get_weather", "arguments": {"location": "')

    assert reply.feed(b"Par") == [ToolCallDelta(0, "Par")]
    assert reply.feed(b"is") == [ToolCallDelta(0, "is")]


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ('{"name": "get_forecast", "arguments": {"location": "Oslo", "unit": "c"}}', "get_weather"),
        ('{"name": "GET_WEATHER", "arguments": {"location": "Oslo", "unit": "c"}}', "get_weather"),
        ('{"name": "light", "arguments": {"room": "hall"}}', None),
        ('<tool_call>{"name": "search", "arguments": {"q": 1}}</tool_call>', None),
        ('<tool_call>{"arguments": {"q": 1}, "name": "search"}</tool_call>', None),
    ],
)
def test_wrong_name_becomes_a_known_one(script: str, name: str | None) -> None:
    played = play_tools(script)

    assert len(played.calls) == 1
    assert name in (None, played.calls[0][0])
    assert played.finish is FinishReason.TOOL_CALLS
    assert_valid(played)


@pytest.mark.parametrize(
    "arguments",
    [
        '{"location": 7, "unit": "kelvin"}',
        '{"city": "Oslo"}',
        '{"location": null}',
        "{}",
        '{"unit": "c", "location": "Oslo"}',
        '"Oslo"',
        "[1, 2]",
        "null",
        '"{\\"location\\": \\"Oslo\\", \\"unit\\": \\"c\\"}"',
        '"{\\"location\\": \\"Oslo\\""',
        '""',
        "{'location': 'Oslo', 'unit': None,}",
        '{"location": "Oslo\nNorway", "unit": "c", "days": 3}',
    ],
)
def test_wrong_arguments_are_made_right(arguments: str) -> None:
    played = play_tools(f'{{"name": "get_weather", "arguments": {arguments}}}')

    assert [name for name, _ in played.calls] == ["get_weather"]
    assert_valid(played)


@pytest.mark.parametrize(
    ("script", "certain"),
    [
        (CALL, "g"),
        (TAGGED, "g"),
        (TWO_CALLS["list"], 'get_weather", "arguments":'),
        (PARAMETERS, "get_weather>\n<"),
        (ARG_KEYS, "get_weather\n<"),
        (GEMMA, "get_weather{"),
        (ONE_CALL["arguments first"], '"arguments":'),
    ],
)
def test_call_that_ends_too_early_is_completed(script: str, certain: str) -> None:
    for end in range(script.index(certain) + len(certain), len(script)):
        played = play_tools(script[:end])

        assert played.finish is FinishReason.TOOL_CALLS, end
        assert played.text == ""
        assert_valid(played)


@pytest.mark.parametrize(
    "script",
    ["", "It is sunny.", CALL, TAGGED, '"}}}}', "{" * 40, LIGHT_CALL, PARIS, "I can't do that."],
)
@pytest.mark.parametrize("style", [GENERIC, HERMES, LLAMA], ids=lambda style: style.name)
@pytest.mark.parametrize("choice", ["required", NAMED_WEATHER])
def test_forced_call_comes_whatever_the_model_says(choice: Any, style: Any, script: str) -> None:
    played = play_tools(script, style, tool_choice=choice)

    assert played.text == ""
    assert played.finish is FinishReason.TOOL_CALLS
    assert choice == "required" or [name for name, _ in played.calls] == ["get_weather"]
    assert_valid(played)


def test_named_call_leaves_the_model_only_its_values_to_say() -> None:
    played = play_tools(CALL, tool_choice=NAMED_WEATHER)

    assert played.prefixes == ['{"name": "get_weather", "arguments": {"location": "']
    assert played.calls == [("get_weather", PARIS)]


def test_named_call_uses_the_style_of_the_model() -> None:
    for style, opening in ((HERMES, '<tool_call>\n{"name": '), (LLAMA, '{"name": ')):
        played = play_tools(CALL, style, tool_choice=NAMED_WEATHER)

        assert played.prefixes == [
            f'{opening}"get_weather", "{style.args_key}": {{"location": "',
        ]


def test_required_call_of_the_only_tool_leaves_only_its_values_to_say() -> None:
    played = play_tools(CALL, tools=[WEATHER], tool_choice="required")

    assert played.prefixes == ['{"name": "get_weather", "arguments": {"location": "']


def test_named_call_without_arguments_needs_no_engine() -> None:
    choice = {"type": "function", "function": {"name": "hang_up"}}

    played = play_tools("Whatever.", tool_choice=choice)

    assert played.answer == ("", [("hang_up", "{}")], FinishReason.TOOL_CALLS)
    assert played.engine_calls == 0


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object", "properties": {}}])
def test_call_without_arguments_has_an_empty_object(parameters: dict[str, Any] | None) -> None:
    tool = function_tool("hang_up", parameters)

    played = play_tools('{"name": "hang_up", "arguments": {}}', tools=[tool, WEATHER])

    assert played.calls == [("hang_up", "{}")]


def test_empty_text_as_arguments_is_an_empty_object() -> None:
    played = play_tools('{"name": "hang_up", "arguments": ""}')

    assert (played.calls, played.engine_calls) == ([("hang_up", "{}")], 1)


def test_arguments_as_text_that_break_off_are_completed() -> None:
    played = play_tools(AS_TEXT.replace(r"\"c\"}", ""))

    assert [json.loads(arguments)["location"] for _, arguments in played.calls] == ["Paris"]
    assert_valid(played)


def test_call_without_its_arguments_key_is_completed() -> None:
    played = play_tools('{"name": "hang_up"}')

    assert played.calls == [("hang_up", "{}")]


def test_calls_end_after_the_first_where_they_may_not_be_parallel() -> None:
    for script in TWO_CALLS.values():
        played = play_tools(script, parallel_tool_calls=False)

        assert played.answer == ("", TWO[:1], FinishReason.TOOL_CALLS)


def test_ninth_call_is_left_out() -> None:
    calls = [CALL.replace("Paris", f"City {number}") for number in range(12)]

    played = play_tools("\n".join(calls))

    assert len(played.calls) == 8
    assert_valid(played)


@pytest.mark.parametrize("again", [CALL, CALL.replace(": ", ":"), TAGGED])
def test_exact_repeat_is_dropped(again: str) -> None:
    played = play_tools(f"{CALL}\n{again}\n{LIGHT_CALL}")

    assert played.calls == TWO
    assert played.engine_calls == 1


def test_endless_repeats_end() -> None:
    played = play_tools(f"{CALL}\n" * 50)

    assert played.calls == TWO[:1]
    assert played.engine_calls == 1


def test_calls_in_turn_are_made_once() -> None:
    played = play_tools(f"{CALL}\n{LIGHT_CALL}\n" * 4)

    assert played.calls == TWO
    assert played.engine_calls == 1


def test_reply_ends_at_the_second_repeat_in_a_row() -> None:
    reply = ToolReply(tool_plan(), (END_MARK,), ())
    reply.feed(f"{CALL}\n{CALL}\n".encode())
    assert not is_done(reply)

    assert reply.feed(CALL.encode()) == []
    assert is_done(reply)


def test_same_tool_with_other_arguments_is_no_repeat() -> None:
    played = play_tools(f"{TAGGED}\n{TAGGED_ROME}")

    assert played.calls == [("get_weather", PARIS), ("get_weather", ROME)]


def test_stop_phrase_ends_text_only() -> None:
    assert play_tools("One. Two. Three.", stop=("Two",)).text == "One. "
    assert play_tools(CALL, stop=("Paris", "}")).calls == [("get_weather", PARIS)]
    assert play_tools(f"Let me. STOP {CALL}", stop=("STOP",)).answer == (
        "Let me. ",
        [],
        FinishReason.STOP,
    )


def test_end_mark_in_the_middle_of_a_piece_keeps_what_stands_before() -> None:
    for script in (f"It is sunny.{END_MARK}user", f"{CALL}{END_MARK}{ROME_CALL}"):
        whole = play_tools(script, _size=10_000)

        assert whole.answer == play_tools(script, _size=1).answer
        assert END_MARK not in whole.text
        assert whole.text or whole.calls == [("get_weather", PARIS)]


def test_text_cut_by_the_limit_says_so() -> None:
    played = play_tools("It is sunny in Paris.", _limit=3)

    assert played.answer == ("It is sun", [], FinishReason.LENGTH)


@pytest.mark.parametrize("choice", ["auto", "required", NAMED_WEATHER])
def test_call_cut_by_a_limit_is_left_as_it_is(choice: Any) -> None:
    finishes = set()
    for limit in range(1, len(CALL)):
        played = play_tools(CALL, tool_choice=choice, _size=1, _limit=limit)

        whole = played.calls == [("get_weather", PARIS)]
        assert played.finish is (FinishReason.TOOL_CALLS if whole else FinishReason.LENGTH)
        assert all(PARIS.startswith(arguments) for _, arguments in played.calls)
        assert played.engine_calls == 1
        finishes.add(played.finish)
    assert len(finishes) == 2


OPENINGS = [
    *("<tool_call>", "<tool", '{"name', "<tool_call>\n<function=get_", "[TOOL_CALLS]", "[get_w"),
    *('```json\n{"na', '[{"name": "get_weather"', '```json\n{"name": "getWea'),
]


@pytest.mark.parametrize("limit", [1, None])
@pytest.mark.parametrize("text", ["", "Well.\n"])
@pytest.mark.parametrize("opening", OPENINGS)
def test_opening_cut_by_a_limit_is_not_shown(opening: str, text: str, limit: int | None) -> None:
    said = text + opening
    pieces = limit or len(said)

    played = play_tools(f"{said}|", _size=len(said) // pieces, _limit=pieces)

    assert played.answer == (text, [], FinishReason.LENGTH)


@pytest.mark.parametrize("text", ["1 < 2 <", "A list: [", 'Or {"name": "Bob', "Is {", "hang", "f"])
def test_text_cut_by_a_limit_is_shown_to_its_end(text: str) -> None:
    played = play_tools(f"{text}|", _size=1, _limit=len(text))

    assert played.answer == (text, [], FinishReason.LENGTH)


@pytest.mark.parametrize("shape", TWO_CALLS)
def test_later_call_cut_by_a_limit_is_left_out(shape: str) -> None:
    seen = []
    for limit in range(len(TWO_CALLS[shape]), 0, -9):
        played = play(ToolReply(_PLAN, (END_MARK,), ()), TWO_CALLS[shape], size=1, limit=limit)

        seen.append(len(played.calls))
        if played.finish is FinishReason.TOOL_CALLS:
            assert played.calls == TWO[: len(played.calls)]
        else:
            assert played.finish is FinishReason.LENGTH
            assert len(played.calls) < 2
    assert set(seen) == {0, 1, 2}


@pytest.mark.parametrize("said", [CALL[:40], f"{CALL}\n{LIGHT_CALL[:-5]}"])
@pytest.mark.parametrize("way", [ToolReply.cut, ToolReply.close])
def test_limit_after_a_repair_makes_up_no_call(way: Any, said: str) -> None:
    reply = ToolReply(tool_plan(), (END_MARK,), ())
    reply.feed(said.encode())
    reply.end_call(Outcome(EngineFinish.END, 9, 9))
    assert not is_done(reply)

    assert not way(reply)
    assert is_done(reply)
    whole = said.startswith(CALL)
    assert reply.finish_reason is (FinishReason.TOOL_CALLS if whole else FinishReason.LENGTH)


def test_raw_reply_is_kept_for_the_next_prompt() -> None:
    reply = ToolReply(tool_plan(HERMES), (END_MARK,), ())
    play(reply, f"Well. {TAGGED}\n<tool_call>\n{LIGHT_CALL}\n</tool_call>")

    assert reply.prefix.startswith(f"Well. {TAGGED}\n<tool_call>\n{LIGHT_CALL[:-1]}")


def test_what_it_took_is_counted() -> None:
    reply = ToolReply(tool_plan(tool_choice="required"), (END_MARK,), ())
    played = play(reply, "no")

    assert played.engine_calls > 1
    assert reply.tally.repairs >= played.engine_calls - 1
    assert reply.tally.forced_bytes > 0


def test_pieces_after_the_end_change_nothing() -> None:
    reply = ToolReply(tool_plan(parallel_tool_calls=False), (END_MARK,), ())
    reply.feed(CALL.encode())

    assert reply.state is ReplyState.DONE
    assert reply.feed(ROME_CALL.encode()) == []
    assert reply.end_call(Outcome(EngineFinish.INTERRUPTED, 1, 1)) == []


DOCUMENT = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"mood": {"type": "string"}, "reply": {"type": "string"}},
            "required": ["mood", "reply"],
            "additionalProperties": False,
        },
    },
}
ANSWER = '{"mood": "calm", "reply": "Hello!"}'


@pytest.mark.parametrize("response_format", [DOCUMENT, {"type": "json_object"}])
@pytest.mark.parametrize(
    "script",
    [
        ANSWER, f"Sure!\n```json\n{ANSWER}\n```", f"\n {ANSWER}", ANSWER[:12], "", "No.",
        "x" * 5000, "<b>", "{", '{"name', '{"names": "Bob"}', "[1]",
    ],
)  # fmt: skip
def test_reply_that_is_no_call_is_the_document(script: str, response_format: Any) -> None:
    played = play_tools(script, HERMES, response_format=response_format)

    assert played.finish is FinishReason.STOP or not played.text
    document = json.loads(played.text)
    assert isinstance(document, dict)
    assert response_format is not DOCUMENT or sorted(document) == ["mood", "reply"]
    assert ANSWER not in script or played.text == ANSWER


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("script", "answer", "calls"),
    [
        ("The answer is yes.", "yes", 1),
        ("No. Yesterday: no", "no", 1),
        ("yes", "yes", 1),
        ("I hear hel", "hello", 2),
    ],
)
def test_choice_is_found_in_a_sentence(script: str, answer: str, calls: int, size: int) -> None:
    choices = ["yes", "no", "no way", "hello"]

    played = play_tools(script, HERMES, guided_choice=choices, _size=size)

    assert (played.text, played.calls) == (answer, [])
    assert played.engine_calls <= calls


@pytest.mark.parametrize("response_format", [DOCUMENT, {"type": "json_object"}])
@pytest.mark.parametrize(
    "script",
    [
        TAGGED, f"Let me look. {TAGGED}", f"{TAGGED}\n{TAGGED_ROME}", PARAMETERS, ARG_KEYS,
        ONE_CALL["arguments first"],
    ],
)  # fmt: skip
def test_tagged_call_is_a_call_where_a_document_is_wanted(
    script: str, response_format: Any
) -> None:
    played = play_tools(script, HERMES, response_format=response_format)

    assert played.text == ""
    assert played.calls[0] == ("get_weather", PARIS)
    assert len(played.calls) == script.count("<tool_call>")


def test_bare_call_is_a_call_where_the_document_cannot_begin_so() -> None:
    played = play_tools(CALL, HERMES, response_format=DOCUMENT)

    assert played.calls == [("get_weather", PARIS)]


def test_full_context_still_ends_the_document() -> None:
    for limit in (1, 4, 8):
        played = play_tools(ANSWER, HERMES, response_format=DOCUMENT, _limit=limit)

        assert sorted(json.loads(played.text)) == ["mood", "reply"]


def test_tools_of_one_request_keep_their_own_schemas() -> None:
    script = '{"name": "set_light", "arguments": {"location": "Paris", "unit": "c"}}'

    played = play_tools(script, tools=[WEATHER, LIGHT, HANG_UP])

    assert [name for name, _ in played.calls] == ["set_light"]
    assert_valid(played)


def test_keys_that_nobody_listed_bring_no_made_up_ones() -> None:
    properties = {"location": {"type": "string"}, "days": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "additionalProperties": True}
    script = '{"name": "look", "arguments": {"location": "Paris", "country": "FR", "days": 2}}'

    played = play_tools(script, tools=[function_tool("look", schema)])

    assert played.calls == [("look", '{"location": "Paris", "country": "FR"}')]


LEADS = [" ", "\n", "\n\nAssistant: "]


def replied(
    script: str, lead: str, *, size: int, stop: tuple[str, ...] = (), **fields: Any
) -> Played:
    reply = ToolReply(tool_plan(**fields), (END_MARK,), stop, lead=lead, logprobs=True)
    return play(reply, script, size=size, told="at once")


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("lead", LEADS)
def test_lead_is_not_shown_before_text(lead: str, size: int) -> None:
    played = replied(f"{lead}Hello\nthere", lead, size=size, stop=("\n",))

    assert played.answer == ("Hello", [], FinishReason.STOP)
    assert b"".join(token.token for token in played.tokens) == b"Hello"


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("text", ["", "Let me look.\n"])
def test_lead_before_a_call_stays_in_the_raw_reply(text: str, lead: str, size: int) -> None:
    wrong = CALL.replace('"c"', '"kelvin"')

    played = replied(f"{lead}{text}{wrong}", lead, size=size)

    assert (played.text, [name for name, _ in played.calls]) == (text, ["get_weather"])
    assert len(played.prefixes) > 1
    assert all(prefix.startswith(f"{lead}{text}{{") for prefix in played.prefixes[1:])


@pytest.mark.parametrize("lead", LEADS)
def test_lead_is_put_before_a_forced_call(lead: str) -> None:
    played = replied(CALL, lead, size=3, tool_choice="required")

    assert played.calls == [("get_weather", PARIS)]
    assert played.prefixes[0].startswith(lead + "{")


@pytest.mark.parametrize("lead", LEADS)
def test_call_behind_a_lead_begins_the_reply(lead: str) -> None:
    """JSON that could be meant as text is a call where nothing stands before it."""
    assert replied(f"{lead}{CALL}", lead, size=4).calls == [("get_weather", PARIS)]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("lead", LEADS)
def test_lead_is_no_part_of_a_document_beside_tools(lead: str, size: int) -> None:
    reply = tool_plan(HERMES, structured_outputs={"regex": "[A-Za-z, ]{4,20}"})
    made = ToolReply(reply, (END_MARK,), (), lead=lead)

    played = play(made, f"{lead}Yes, sir", size=size)

    assert played.text == "Yes, sir"
    assert made.prefix == f"{lead}Yes, sir"


def test_blank_at_the_beginning_of_a_forced_argument_is_no_lead() -> None:
    plan = tool_plan(
        tools=[WEATHER], tool_choice=NAMED_WEATHER, structured_outputs={"regex": "yes|no"}
    )
    made = ToolReply(plan, (END_MARK,), (), lead=" ")
    made.start()
    assert made.prefix.endswith('"location": "')

    made.feed(b' Rome", "unit": null}}')

    assert '{"location": " Rome", "unit": null}' in made.prefix

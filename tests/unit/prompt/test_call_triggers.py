"""What begins a call, as a grammar."""

import pytest
from tests.unit.output.engine_play import CACHE

from picoserve.constraint import Grammar, Kind
from picoserve.prompt.call_triggers import CallTriggers

NAMES = ("look", "fs.read")


def takes(regex: str, text: str) -> bool:
    matcher = CACHE.get_or_compile(Kind.REGEX, regex).new_matcher()
    return matcher.feed(text.encode()) == len(text) and matcher.is_complete


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "', '{ "name" : "', '[{"name":"', '{"type": "function", "name": "',
        '{"type": "function", "function": {"name": "', '{"function": "', '{"tool_name": "',
        '{"id": "a1", "type": "function", "function": {"name": "',
        '{"tool_calls": [{"name": "', '{"function_call": {"name": "',
        '<tool_call>\n{"name": "', '<|tool_call|>[{"name": "', 'functools[{"name": "',
        '[TOOL_CALLS] [{"name": "', "[TOOL_CALLS]look{", "[TOOL_CALLS]fs.read[ARGS] {",
        "<function=look>{", "[look(", "[fs.read(", "```tool_code\nlook(",
        "<|python_tag|>look.call(",
        '```json\n{"name": "', '```\n{"name": "',
        '<tool_call>\n{"arguments":', '<tool_call>{"type": "function", "parameters" :',
        "<tool_call>\n<function=look>\n<", "<function=fs.read><", "<tool_call>look\n<",
        'look{"a":', 'look\n{ "a" :', "look{}", 'fs.read[ARGS]{"a":', '<|tools_prefix|>[{"look": {',
        "<|tool_call>call:look{", "call:look{a:", "call:look{}",
        "<|tool_call_start|>[look(",
    ],
)  # fmt: skip
def test_call_is_recognised(text: str) -> None:
    triggers = CallTriggers(NAMES, None)

    assert takes(triggers.first(), text)
    assert takes(triggers.another(), text)


@pytest.mark.parametrize(
    "text",
    [
        "look(", "[other(", "[TOOL_CALLS]other{", "[look]", '{"names": "', "[fs_read(", "{}",
        "look <", "look {}", "look {", "look {7", 'look {"7"}', "call:look{7", '[{"look": {',
        '{"arguments":', '```json\n{"arguments":',
        "<tool_call>\n<function=other>",
    ],
)  # fmt: skip
def test_text_is_no_call(text: str) -> None:
    assert not takes(CallTriggers(NAMES, None).first(), text)


def test_another_call_may_be_a_name_alone() -> None:
    assert takes(CallTriggers(NAMES, None).another(), "look(")


def document(**properties: object) -> Grammar:
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    return CACHE.get_or_compile(Kind.JSON_SCHEMA, schema)


@pytest.mark.parametrize(("key", "is_call"), [("mood", True), ("name", False)])
def test_document_that_begins_like_a_call_is_no_call(key: str, is_call: bool) -> None:
    triggers = CallTriggers(NAMES, document(**{key: {"type": "string"}}))

    assert takes(triggers.first(), '{"name": "') == is_call
    assert takes(triggers.first(), '<tool_call>{"name": "')
    assert not takes(triggers.another(), "[look(")


@pytest.mark.parametrize("key", ["arguments", "parameters", "args"])
def test_header_ends_with_the_colon(key: str) -> None:
    assert takes(CallTriggers(NAMES, None).header(), f'look", "{key}" :')

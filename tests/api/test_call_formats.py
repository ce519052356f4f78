"""Calls in the formats that model families were trained to write, through a real server."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest
from openai import OpenAI
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import running_server

TOOLS: Final[list[Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    },
]
TAGGED: Final = "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
SAID: Final = {
    "Hermes": '<tool_call>\n{"arguments": {"city": "Paris"}, "name": "get_weather"}\n</tool_call>',
    "Qwen-Coder": f"{TAGGED}</function>\n</tool_call>",
    "GLM": (
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>"
    ),
    "Mistral": 'get_weather{"city": "Paris"}',
    "Gemma": '<|tool_call>call:get_weather{city:<|"|>Paris<|"|>}<tool_call|>',
    "Apertus": '<|tools_prefix|>[{"get_weather": {"city": "Paris"}}]<|tools_suffix|>',
}
# The engine insists on an unknown key, which the schema forbids.
WRONG: Final = f"{TAGGED}<parameter=days>\nmany\n</parameter>\n</function>\n</tool_call>"
TEXTS: Final = {
    "code": "Try:\n```py\nx = [get_weather(1)]\n```",
    "words": "get_weather {7} has been sent.",
    "data": '[{"get_weather": {"id": 7, "city": "Ulm"}}, {"get_weather": {"id": 8}}]',
}


@pytest.fixture(scope="module")
def openai(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[OpenAI, None, None]:
    folder = tmp_path_factory.mktemp("formats")
    said = {**SAID, **TEXTS, "wrong": WRONG}
    replies = [Reply(match=f"ask {name}.", text=text) for name, text in said.items()]
    config = standin_model(standin_library, folder, ModelScript(replies=replies))
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        with OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            yield client


def ask(client: OpenAI, text: str, **fields: Any) -> tuple[str, list[tuple[str, str]], str | None]:
    """The text, the calls and the end of a streamed answer."""
    content, finish = "", None
    calls: list[tuple[str, str]] = []
    for chunk in client.chat.completions.create(
        model="pico",
        messages=[{"role": "user", "content": text}],
        tools=TOOLS,
        stream=True,
        **fields,
    ):
        for choice in chunk.choices:
            content += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or ():
                assert call.function
                if call.function.name:
                    calls.append((call.function.name, ""))
                name, arguments = calls[-1]
                calls[-1] = (name, arguments + (call.function.arguments or ""))
    return content, calls, finish


@pytest.mark.parametrize("name", SAID)
def test_call_is_a_call_in_every_format(openai: OpenAI, name: str) -> None:
    content, calls, finish = ask(openai, f"ask {name}.")

    assert (content, finish) == ("", "tool_calls")
    assert [(called, json.loads(arguments)) for called, arguments in calls] == [
        ("get_weather", {"city": "Paris"})
    ]


def test_wrong_value_in_a_tag_is_put_right(openai: OpenAI) -> None:
    content, calls, finish = ask(openai, "ask wrong.")

    assert (content, finish) == ("", "tool_calls")
    assert json.loads(calls[0][1])["city"] == "Paris"
    assert isinstance(json.loads(calls[0][1]).get("days", 0), int)


@pytest.mark.parametrize("name", TEXTS)
def test_name_of_a_tool_in_code_words_or_data_is_text(openai: OpenAI, name: str) -> None:
    assert ask(openai, f"ask {name}.") == (TEXTS[name], [], "stop")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_opening_of_a_call_that_the_limit_cuts_is_not_read_aloud(
    openai: OpenAI, limit: int
) -> None:
    content, calls, finish = ask(openai, "ask Qwen-Coder.", max_tokens=limit)

    assert not set(content) & set("<>{}")
    assert finish == "length"
    assert all(len(arguments) < len('{"city": "Paris"}') for _, arguments in calls)

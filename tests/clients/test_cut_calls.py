"""Calls that meet a limit: what a client runs is what the model has said to its end."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest
from livekit.agents import function_tool, inference
from livekit.agents.llm import ChatContext, CompletionUsage
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionFunctionToolParam
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server

NAME: Final = "pico"
CONTEXT: Final = 500
ARGUMENTS: Final = '{"city": "Paris", "days": 3}'
CALL: Final = f'{{"name": "get_weather", "arguments": {ARGUMENTS}}}'
LIGHT: Final = '{"room": "hall", "on": true}'
OTHER: Final = f'{{"name": "set_light", "arguments": {LIGHT}}}'
TOOLS: Final[list[ChatCompletionFunctionToolParam]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                "properties": {key: {"type": kind} for key, kind in properties.items()},
                "required": list(properties),
                "additionalProperties": False,
            },
            "strict": True,
        },
    }
    for name, properties in (
        ("get_weather", {"city": "string", "days": "integer"}),
        ("set_light", {"room": "string", "on": "boolean"}),
    )
]


@function_tool
async def get_weather(city: str, days: int) -> str:
    """Tell the weather of a city."""
    return f"21 degrees in {city} for {days} days"


@function_tool
async def set_light(room: str, on: bool) -> str:
    """Switch a light."""
    return f"{room}: {on}"


@pytest.fixture(scope="module")
def talkative(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """A model with a small context that says more calls than one."""
    script = ModelScript(
        context_length=CONTEXT,
        replies=[
            Reply(match_last="once", text=CALL, continues=True),
            Reply(match_last="again", text=f"{CALL}\n" * 3, continues=True),
            Reply(match_last="more", text=f"{CALL}\n{OTHER}\n{CALL}", continues=True),
        ],
    )
    folder = tmp_path_factory.mktemp("talkative")
    config = standin_model(standin_library, folder, script, name=NAME)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def client(talkative: RunningServer) -> Generator[OpenAI, None, None]:
    with OpenAI(base_url=talkative.base_url, api_key="any", max_retries=0) as client:
        yield client


async def called(
    server: RunningServer, text: str, **options: Any
) -> tuple[list[tuple[str, str]], CompletionUsage]:
    """What LiveKit's client would run, and what the reply took."""
    context = ChatContext.empty()
    context.add_message(role="user", content=text)
    calls: list[tuple[str, str]] = []
    usage: CompletionUsage | None = None
    async with (
        inference.LLM(
            NAME,
            base_url=server.base_url,
            api_key="devkey",
            api_secret="a-secret-of-at-least-32-characters",
        ) as llm,
        llm.chat(chat_ctx=context, tools=[get_weather, set_light], **options) as stream,
    ):
        async for chunk in stream:
            made = chunk.delta.tool_calls if chunk.delta else []
            calls += [(call.name, call.arguments) for call in made]
            usage = chunk.usage or usage
    assert usage
    return calls, usage


@pytest.mark.parametrize("text", ["again", "more"])
async def test_whole_call_is_run_wherever_max_tokens_cut_the_next(
    talkative: RunningServer, text: str
) -> None:
    _, once = await called(talkative, "once")
    size = once.completion_tokens

    for limit in range(size, 2 * size, 7):
        made, _ = await called(talkative, text, extra_kwargs={"max_completion_tokens": limit})
        assert made == [("get_weather", ARGUMENTS)]


def test_whole_call_parses_where_max_tokens_cut_the_next(client: OpenAI) -> None:
    (answer,) = client.chat.completions.parse(
        model=NAME,
        messages=[{"role": "user", "content": "again"}],
        tools=TOOLS,
        max_completion_tokens=55,
    ).choices

    assert answer.finish_reason == "tool_calls"
    calls = answer.message.tool_calls or []
    assert [call.function.parsed_arguments for call in calls] == [json.loads(ARGUMENTS)]


async def test_full_context_runs_whole_calls_only(talkative: RunningServer) -> None:
    made = []
    _, usage = await called(talkative, "more")
    room = CONTEXT - usage.prompt_tokens

    for left in range(4, 100, 8):
        calls, _ = await called(talkative, "more" + " word" * (room - left))
        made.append(calls)

    whole = [("get_weather", ARGUMENTS), ("set_light", LIGHT)]
    assert all(calls == whole[: len(calls)] for calls in made)
    assert {len(calls) for calls in made} == {0, 1, 2}


@pytest.mark.parametrize("tool_choice", ["auto", "required"])
def test_first_call_cut_by_a_full_context_says_so(client: OpenAI, tool_choice: Any) -> None:
    def ask(text: str) -> ChatCompletion:
        return client.chat.completions.create(
            model=NAME,
            messages=[{"role": "user", "content": text}],
            tools=TOOLS,
            tool_choice=tool_choice,
        )

    usage = ask("once").usage
    assert usage
    room = CONTEXT - usage.prompt_tokens

    for left in range(12, 28, 5):
        (answer,) = ask("once" + " word" * (room - left)).choices
        assert answer.finish_reason == "length"
        for call in answer.message.tool_calls or ():
            assert call.type == "function"
            assert ARGUMENTS.startswith(call.function.arguments)
            assert call.function.arguments != ARGUMENTS

"""Typed answers and tools through the stock clients, on the shipped model at temperature 1.5.

What it says is nonsense now and then; what arrives always has the form that was asked for.
"""

from typing import Any, Literal

import pytest
from livekit.agents import inference
from livekit.agents.llm import ChatContext, FunctionTool, function_tool
from openai import AsyncOpenAI, OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, TypeAdapter
from tests.support.server import RunningServer

HOT = 1.5
TALK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Tell me of Ada, and more."}]


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    zip: str | None


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int
    mood: Literal["calm", "glad", "cross"]
    addresses: list[Address]
    friend: "Person | None"


class GetWeather(BaseModel):
    """Tell the weather."""

    location: str
    unit: Literal["c", "f"] | None


class HangUp(BaseModel):
    """End the call."""


TOOLS = [pydantic_function_tool(GetWeather), pydantic_function_tool(HangUp)]


@pytest.mark.parametrize("seed", range(5))
def test_parse_gives_the_class(openai: OpenAI, model: str, seed: int) -> None:
    answer = openai.chat.completions.parse(
        model=model, messages=TALK, response_format=Person, temperature=HOT, seed=seed
    )

    assert isinstance(answer.choices[0].message.parsed, Person)
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("seed", range(5))
def test_stream_gives_the_class(openai: OpenAI, model: str, seed: int) -> None:
    with openai.chat.completions.stream(
        model=model, messages=TALK, response_format=Person, temperature=HOT, seed=seed
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion().choices[0].message

    assert isinstance(final.parsed, Person)
    assert "".join(deltas) == final.content


@pytest.mark.anyio
async def test_asynchronous_stream_gives_the_class(async_openai: AsyncOpenAI, model: str) -> None:
    async with async_openai.chat.completions.stream(
        model=model, messages=TALK, response_format=Person, temperature=HOT, seed=1
    ) as stream:
        final = (await stream.get_final_completion()).choices[0].message

    assert isinstance(final.parsed, Person)


@pytest.mark.parametrize("choice", ["required", "auto"])
@pytest.mark.parametrize("seed", range(3))
def test_parsed_calls_have_their_class(openai: OpenAI, model: str, seed: int, choice: Any) -> None:
    answer = openai.chat.completions.parse(
        model=model, messages=TALK, tools=TOOLS, tool_choice=choice, temperature=HOT, seed=seed
    )

    calls = answer.choices[0].message.tool_calls or []
    assert calls or choice == "auto"
    for call in calls:
        assert isinstance(call.function.parsed_arguments, GetWeather | HangUp)


@pytest.mark.parametrize("seed", range(3))
def test_streamed_call_is_done_with_its_class(openai: OpenAI, model: str, seed: int) -> None:
    with openai.chat.completions.stream(
        model=model,
        messages=TALK,
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "GetWeather"}},
        temperature=HOT,
        seed=seed,
    ) as stream:
        done = [e for e in stream if e.type == "tool_calls.function.arguments.done"]
        final = stream.get_final_completion().choices[0]

    assert [event.name for event in done] == ["GetWeather"]
    assert isinstance(done[0].parsed_arguments, GetWeather)
    assert final.finish_reason == "tool_calls"


def test_call_its_result_and_the_answer_are_one_talk(openai: OpenAI, model: str) -> None:
    asked = openai.chat.completions.create(
        model=model, messages=TALK, tools=TOOLS, tool_choice="required", temperature=HOT, seed=4
    )
    said = asked.choices[0].message
    assert said.tool_calls
    as_it_came: Any = said.to_dict()
    results: list[ChatCompletionMessageParam] = [
        {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"}
        for call in said.tool_calls
    ]

    told = openai.chat.completions.create(
        model=model,
        messages=[*TALK, as_it_came, *results],
        tools=TOOLS,
        tool_choice="none",
        max_tokens=16,
    )

    assert told.choices[0].finish_reason in {"stop", "length"}
    assert told.choices[0].message.tool_calls is None


def test_functions_of_old_are_answered_in_the_old_form(openai: OpenAI, model: str) -> None:
    answer = openai.chat.completions.create(
        model=model,
        messages=TALK,
        functions=[{"name": "hang_up", "parameters": {"type": "object", "properties": {}}}],
        function_call={"name": "hang_up"},
    )

    choice = answer.choices[0]
    assert choice.finish_reason == "function_call"
    assert choice.message.function_call
    assert choice.message.function_call.arguments == "{}"


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("guided_choice", ["yes", "no, never"], {"yes", "no, never"}),
        ("guided_regex", "[ab]{3}", {a + b + c for a in "ab" for b in "ab" for c in "ab"}),
        ("guided_json", {"enum": [1, None]}, {"1", "null"}),
        ("guided_grammar", 'start: "x" | "yz"', {"x", "yz"}),
        ("structured_outputs", {"choice": ["up", "down"]}, {"up", "down"}),
        ("json_schema", {"enum": [1, None]}, {"1", "null"}),
        ("regex", "[ab]", {"a", "b"}),
    ],
)
def test_guided_fields_hold_the_text(
    openai: OpenAI, model: str, field: str, value: Any, wanted: set[str]
) -> None:
    answer = openai.chat.completions.create(
        model=model, messages=TALK, temperature=HOT, n=4, seed=1, extra_body={field: value}
    )

    assert {choice.message.content for choice in answer.choices} <= wanted


@function_tool
async def get_weather(location: str, days: int | None = None) -> str:
    """Tell the weather.

    Args:
        location: The city.
    """
    return "sunny"


@function_tool
async def save_person(name: str, tags: list[str], mood: Literal["calm", "glad"]) -> str:
    """Save a person."""
    return "saved"


@function_tool
async def hang_up() -> str:
    """End the call."""
    return "bye"


ARGUMENTS: dict[str, TypeAdapter[Any]] = {
    "get_weather": TypeAdapter(dict[Literal["location", "days"], str | int | None]),
    "save_person": TypeAdapter(dict[Literal["name", "tags", "mood"], str | list[str]]),
    "hang_up": TypeAdapter(dict[Literal[""], None]),
}


async def livekit_reply(server: RunningServer, **how: Any) -> tuple[str, list[Any]]:
    """Text and calls as the stock LiveKit client reads them."""
    llm = inference.LLM(
        "openai/gpt-4.1-mini",
        base_url=server.base_url,
        api_key="devkey",
        api_secret="a-secret-of-at-least-32-characters",
        extra_kwargs={"temperature": HOT, "seed": how.pop("seed", 1)},
    )
    context = ChatContext.empty()
    context.add_message(role="system", content="Use tools.")
    context.add_message(role="user", content="How is the weather in Paris?")
    text, calls = "", []
    try:
        async with llm.chat(chat_ctx=context, **how) as stream:
            async for chunk in stream:
                if chunk.delta:
                    text += chunk.delta.content or ""
                    calls += chunk.delta.tool_calls
    finally:
        await llm.aclose()
    return text, calls


@pytest.mark.anyio
@pytest.mark.parametrize("choice", ["required", "auto"])
@pytest.mark.parametrize("seed", range(4))
async def test_livekit_gets_calls_with_valid_arguments(
    server: RunningServer, seed: int, choice: Any
) -> None:
    tools: list[FunctionTool[Any, Any]] = [get_weather, save_person, hang_up]

    _, calls = await livekit_reply(
        server, tools=tools, tool_choice=choice, parallel_tool_calls=True, seed=seed
    )

    assert calls or choice == "auto"
    for call in calls:
        assert call.call_id.startswith("call_")
        ARGUMENTS[call.name].validate_json(call.arguments)


@pytest.mark.anyio
async def test_livekit_gets_the_named_call(server: RunningServer) -> None:
    choice: Any = {"type": "function", "function": {"name": "hang_up"}}

    text, (call,) = await livekit_reply(server, tools=[get_weather, hang_up], tool_choice=choice)

    assert (text, call.name, call.arguments) == ("", "hang_up", "{}")


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(4))
async def test_livekit_gets_the_class(server: RunningServer, seed: int) -> None:
    text, _ = await livekit_reply(server, response_format=Person, seed=seed)

    assert isinstance(Person.model_validate_json(text), Person)

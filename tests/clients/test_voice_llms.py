"""`livekit.agents.inference.LLM` and `livekit.plugins.openai.LLM`, by base_url alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit.agents import APIStatusError, function_tool, inference
from livekit.agents.llm import ChatContext, FunctionCall, FunctionCallOutput, FunctionToolCall
from pydantic import BaseModel
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer

pytestmark = pytest.mark.filterwarnings("default")


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"21 degrees in {city}"


@asynccontextmanager
async def llm_of(kind: str, server: RunningServer, model: str) -> AsyncGenerator[Any, None]:
    """The client of one kind; the plugin's is skipped where it is not installed."""
    if kind == "inference":
        llm: Any = inference.LLM(
            model,
            base_url=server.base_url,
            api_key="any",
            api_secret="a-secret-of-at-least-32-characters",
        )
    else:
        plugin = pytest.importorskip("livekit.plugins.openai")
        llm = plugin.LLM(model=model, base_url=server.base_url, api_key="any")
    try:
        yield llm
    finally:
        await llm.aclose()


@pytest.fixture(params=["inference", pytest.param("plugin", marks=pytest.mark.clients)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def llm(kind: str, scripted: RunningServer) -> AsyncGenerator[Any, None]:
    async with llm_of(kind, scripted, NAME) as llm:
        yield llm


def conversation(text: str) -> ChatContext:
    context = ChatContext.empty()
    context.add_message(role="user", content=text)
    return context


async def said(llm: Any, context: ChatContext, **options: Any) -> tuple[str, list[Any], int]:
    """Text, tool calls and completion tokens of a reply."""
    text, tokens = "", 0
    calls: list[FunctionToolCall] = []
    async with llm.chat(chat_ctx=context, **options) as stream:
        async for chunk in stream:
            if chunk.delta:
                text += chunk.delta.content or ""
                calls += chunk.delta.tool_calls
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
    return text, calls, tokens


async def test_text_and_usage_arrive(llm: Any) -> None:
    text, _, tokens = await said(llm, conversation("Hello!"))

    assert text == GREETING
    assert tokens > 0


async def test_tool_is_called_and_its_result_is_told(llm: Any) -> None:
    context = conversation("How is the weather?")

    _, (call,), _ = await said(llm, context, tools=[get_weather])
    context.items.append(
        FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments)
    )
    context.items.append(
        FunctionCallOutput(
            call_id=call.call_id, name=call.name, output="21 degrees", is_error=False
        )
    )
    text, _, _ = await said(llm, context, tools=[get_weather])

    assert (call.name, call.arguments) == ("get_weather", '{"city": "Paris"}')
    assert text == WEATHER


async def test_structured_output_meets_the_class(llm: Any) -> None:
    text, _, _ = await said(llm, conversation("Make a person."), response_format=Person)

    assert Person.model_validate_json(text) == Person(name="Ada", age=36)


async def test_leaving_a_stream_frees_the_engine(llm: Any, scripted: RunningServer) -> None:
    async with llm.chat(chat_ctx=conversation("Count!")) as stream:
        async for chunk in stream:
            if chunk.delta and chunk.delta.content:
                break
        assert scripted.busy() == 1

    await asyncio.to_thread(wait_idle, scripted)


async def test_unknown_model_is_told_at_once(kind: str, scripted: RunningServer) -> None:
    async with llm_of(kind, scripted, "gpt-9") as llm:
        with pytest.raises(APIStatusError) as error:
            await said(llm, conversation("Hello!"))

    assert (error.value.status_code, error.value.retryable) == (404, False)

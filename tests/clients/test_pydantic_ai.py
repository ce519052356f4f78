"""pydantic-ai's `Agent` on its OpenAI model, by base_url alone."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer

ai = pytest.importorskip("pydantic_ai")
models = pytest.importorskip("pydantic_ai.models.openai")
providers = pytest.importorskip("pydantic_ai.providers.openai")
exceptions = pytest.importorskip("pydantic_ai.exceptions")

Agents = Callable[..., Any]
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("default")]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"21 degrees in {city}"


@pytest.fixture
async def agent(scripted: RunningServer) -> AsyncGenerator[Callable[..., Any], None]:
    async with AsyncOpenAI(base_url=scripted.base_url, api_key="any", max_retries=0) as client:
        provider = providers.OpenAIProvider(openai_client=client)

        def make(name: str = NAME, **options: Any) -> Any:
            return ai.Agent(models.OpenAIChatModel(name, provider=provider), **options)

        yield make


async def test_text_comes_whole_with_its_usage(agent: Agents) -> None:
    run = await agent(instructions="Be kind.").run("Hello!")

    assert run.output == GREETING
    assert run.usage.output_tokens > 0


async def test_text_comes_streamed(agent: Agents) -> None:
    async with agent().run_stream("Hello!") as run:
        parts = [part async for part in run.stream_text(delta=True)]

    assert "".join(parts) == GREETING


async def test_tool_is_called_and_its_result_is_told(agent: Agents) -> None:
    run = await agent(tools=[get_weather]).run("How is the weather?")

    assert run.output == WEATHER


async def test_tool_is_called_in_a_stream(agent: Agents) -> None:
    async with agent(tools=[get_weather]).run_stream("How is the weather?") as run:
        assert await run.get_output() == WEATHER


@pytest.mark.parametrize("way", ["NativeOutput", "PromptedOutput"])
async def test_structured_output_is_an_object_of_the_class(agent: Agents, way: str) -> None:
    output = getattr(ai, way)(Person)

    run = await agent(output_type=output).run("Make a person.")

    assert run.output == Person(name="Ada", age=36)


async def test_leaving_a_stream_frees_the_engine(scripted: RunningServer, agent: Agents) -> None:
    async with agent().run_stream("Count!") as run:
        async for _ in run.stream_text(delta=True, debounce_by=None):
            break
        assert scripted.busy() == 1

    await asyncio.to_thread(wait_idle, scripted)


async def test_unknown_model_is_the_clients_own_error(agent: Agents) -> None:
    with pytest.raises(exceptions.ModelHTTPError) as error:
        await agent("gpt-9").run("Hello!")

    assert error.value.status_code == 404

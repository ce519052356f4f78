"""A LiveKit `AgentSession` in text mode: it talks, is interrupted, and uses a tool."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from livekit.agents import Agent, AgentSession, function_tool, inference
from livekit.agents.llm import FunctionCall
from livekit.agents.voice.run_result import RunResult
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer, wait_until

pytestmark = pytest.mark.filterwarnings("default")


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"21 degrees in {city}"


@asynccontextmanager
async def session_with(
    server: RunningServer, model: str
) -> AsyncGenerator["AgentSession[None]", None]:
    """A started session of an agent with one tool."""
    llm = inference.LLM(
        model,
        base_url=server.base_url,
        api_key="devkey",
        api_secret="a-secret-of-at-least-32-characters",
    )
    async with llm, AgentSession[None](llm=llm) as session:
        await session.start(Agent(instructions="You are a voice assistant.", tools=[get_weather]))
        yield session


async def hear(session: "AgentSession[None]", text: str) -> None:
    """One turn of the user, and the agent's until it is done."""
    run: RunResult[None] = await session.run(user_input=text)
    assert run.done()


def said(session: "AgentSession[None]") -> list[str | None]:
    """What the agent has said, turn by turn."""
    messages = session.history.messages()
    return [m.text_content for m in messages if m.role == "assistant"]


async def test_agent_talks_turn_by_turn(scripted: RunningServer) -> None:
    async with session_with(scripted, NAME) as session:
        await hear(session, "Hello!")
        await hear(session, "And again!")

        assert said(session) == [GREETING, GREETING]


async def test_agent_speaks_first(scripted: RunningServer) -> None:
    async with session_with(scripted, NAME) as session:
        speech = await session.generate_reply(instructions="Greet the user.")

        assert speech.done()
        assert said(session) == [GREETING]


async def test_agent_uses_its_tool_and_tells_the_result(scripted: RunningServer) -> None:
    async with session_with(scripted, NAME) as session:
        await hear(session, "How is the weather?")

        (call,) = [item for item in session.history.items if isinstance(item, FunctionCall)]
        assert (call.name, call.arguments) == ("get_weather", '{"city": "Paris"}')
        assert said(session) == [WEATHER]


async def test_interrupted_agent_frees_the_engine_and_answers_next(
    scripted: RunningServer,
) -> None:
    async with session_with(scripted, NAME) as session:
        speech = session.generate_reply(user_input="Count!")
        await asyncio.to_thread(wait_until, lambda: scripted.busy() == 1)

        await session.interrupt()
        await asyncio.to_thread(wait_idle, scripted)
        # Where nothing was heard of the count, both turns of the user are in the next prompt.
        await hear(session, "How is the weather?")

        assert speech.interrupted
        assert said(session)[-1] == WEATHER


async def test_shipped_model_calls_the_tool_that_is_asked_for(
    server: RunningServer, model: str
) -> None:
    async with session_with(server, model) as session:
        speech = await session.generate_reply(
            user_input="How is the weather in Paris?",
            tool_choice={"type": "function", "function": {"name": "get_weather"}},
        )

        assert speech.done()
        calls = [item for item in session.history.items if isinstance(item, FunctionCall)]
        assert {call.name for call in calls} == {"get_weather"}

"""LiteLLM's `completion`, by api_base alone."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("default")]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Any:
    # Its list of models comes with the package; without this it is fetched at import.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return pytest.importorskip("litellm")


def ask(litellm: Any, server: RunningServer, text: str, **options: Any) -> Any:
    given = {
        "model": f"openai/{NAME}",
        "api_base": server.base_url,
        "api_key": "any",
        "messages": [{"role": "user", "content": text}],
        "max_retries": 0,
    }
    return litellm.completion(**given | options)


def test_text_comes_whole_with_its_usage(litellm: Any, scripted: RunningServer) -> None:
    answer = ask(litellm, scripted, "Hello!")

    assert answer.choices[0].message.content == GREETING
    assert answer.usage.completion_tokens > 0


def test_text_comes_streamed_with_its_usage(litellm: Any, scripted: RunningServer) -> None:
    chunks = list(
        ask(litellm, scripted, "Hello!", stream=True, stream_options={"include_usage": True})
    )

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == GREETING
    assert chunks[-1].usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_tool_is_called_and_its_result_is_told(
    litellm: Any, scripted: RunningServer, stream: bool
) -> None:
    answer = ask(litellm, scripted, "How is the weather?", tools=[TOOL], stream=stream)
    if stream:
        answer = litellm.stream_chunk_builder(list(answer))
    said = answer.choices[0].message
    (call,) = said.tool_calls
    talk = [
        {"role": "user", "content": "How is the weather?"},
        said.model_dump(),
        {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"},
    ]
    told = ask(litellm, scripted, "", messages=talk, tools=[TOOL])

    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Paris"}')
    assert answer.choices[0].finish_reason == "tool_calls"
    assert told.choices[0].message.content == WEATHER


def test_structured_output_meets_the_class(litellm: Any, scripted: RunningServer) -> None:
    answer = ask(litellm, scripted, "Make a person.", response_format=Person)

    assert Person.model_validate_json(answer.choices[0].message.content).name == "Ada"


async def test_leaving_a_stream_frees_the_engine(litellm: Any, scripted: RunningServer) -> None:
    stream = await litellm.acompletion(
        model=f"openai/{NAME}",
        api_base=scripted.base_url,
        api_key="any",
        messages=[{"role": "user", "content": "Count!"}],
        stream=True,
    )
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    assert scripted.busy() == 1
    await stream.aclose()

    await asyncio.to_thread(wait_idle, scripted)


def test_unknown_model_is_the_clients_own_error(litellm: Any, scripted: RunningServer) -> None:
    with pytest.raises(litellm.NotFoundError, match="gpt-9"):
        ask(litellm, scripted, "Hello!", model="openai/gpt-9")

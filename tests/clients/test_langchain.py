"""LangChain's `ChatOpenAI`, by base_url alone."""

from typing import Any

import pytest
from openai import NotFoundError
from pydantic import BaseModel
from tests.support.processes import wait_idle
from tests.support.scripted import GREETING, NAME, WEATHER
from tests.support.server import RunningServer

langchain = pytest.importorskip("langchain_openai")
messages = pytest.importorskip("langchain_core.messages")

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("default")]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


class get_weather(BaseModel):  # noqa: N801  # the tool takes the class's name
    """Tell the weather."""

    city: str


def chat(server: RunningServer, **options: Any) -> Any:
    given = {"model": NAME, "base_url": server.base_url, "api_key": "any", "max_retries": 0}
    return langchain.ChatOpenAI(**given | options)


def test_text_comes_whole_with_its_usage(scripted: RunningServer) -> None:
    answer = chat(scripted).invoke("Hello!")

    assert answer.content == GREETING
    assert answer.usage_metadata["output_tokens"] > 0
    assert answer.response_metadata["finish_reason"] == "stop"


def test_text_comes_streamed_with_its_usage(scripted: RunningServer) -> None:
    parts = list(chat(scripted, stream_usage=True).stream("Hello!"))

    assert "".join(part.content for part in parts) == GREETING
    assert sum(part.usage_metadata["output_tokens"] for part in parts if part.usage_metadata) > 0


@pytest.mark.parametrize("streaming", [False, True])
def test_tool_is_called_and_its_result_is_told(scripted: RunningServer, streaming: bool) -> None:
    model = chat(scripted, streaming=streaming).bind_tools([get_weather])
    talk: list[Any] = [messages.HumanMessage("How is the weather?")]

    talk.append(model.invoke(talk))
    (call,) = talk[-1].tool_calls
    talk.append(messages.ToolMessage("21 degrees", tool_call_id=call["id"]))
    answer = model.invoke(talk)

    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    assert answer.content == WEATHER


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_structured_output_is_an_object_of_the_class(scripted: RunningServer, method: str) -> None:
    answer = chat(scripted).with_structured_output(Person, method=method).invoke("Make a person.")

    assert answer == Person(name="Ada", age=36)


def test_leaving_a_stream_frees_the_engine(scripted: RunningServer) -> None:
    stream = chat(scripted).stream("Count!")

    assert any(part.content for part in stream)
    assert scripted.busy() == 1
    stream.close()

    wait_idle(scripted)


def test_unknown_model_is_the_clients_own_error(scripted: RunningServer) -> None:
    with pytest.raises(NotFoundError, match="gpt-9"):
        chat(scripted, model="gpt-9").invoke("Hello!")

"""What openai-python builds on its requests: `.parse()`, `.stream()` with tools, objects."""

from collections.abc import Generator

import pytest
from openai import OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel
from tests.support.processes import wait_idle
from tests.support.scripted import NAME
from tests.support.server import RunningServer

PERSON: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Make a person."}]
WEATHER: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How is the weather?"}]
COUNT: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Count!"}]


class Person(BaseModel):
    """A person."""

    name: str
    age: int


class get_weather(BaseModel):  # noqa: N801  # the tool takes the class's name
    """Tell the weather."""

    city: str


@pytest.fixture
def client(scripted: RunningServer) -> Generator[OpenAI, None, None]:
    with OpenAI(base_url=scripted.base_url, api_key="any", max_retries=0) as client:
        yield client


def test_parse_gives_an_object_of_the_class(client: OpenAI) -> None:
    answer = client.chat.completions.parse(model=NAME, messages=PERSON, response_format=Person)

    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)


def test_stream_gives_an_object_of_the_class(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model=NAME, messages=PERSON, response_format=Person
    ) as stream:
        answer = stream.get_final_completion()

    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)


def test_arguments_of_a_call_are_an_object_of_the_class(client: OpenAI) -> None:
    tools = [pydantic_function_tool(get_weather)]

    whole = client.chat.completions.parse(model=NAME, messages=WEATHER, tools=tools)
    with client.chat.completions.stream(model=NAME, messages=WEATHER, tools=tools) as stream:
        streamed = stream.get_final_completion()

    for answer in (whole, streamed):
        calls = answer.choices[0].message.tool_calls
        assert calls
        (call,) = calls
        assert call.function.parsed_arguments == get_weather(city="Paris")
        assert answer.choices[0].finish_reason == "tool_calls"


def test_leaving_a_stream_frees_the_engine(client: OpenAI, scripted: RunningServer) -> None:
    with client.chat.completions.create(model=NAME, messages=COUNT, stream=True) as stream:
        assert any(chunk.choices[0].delta.content for chunk in stream)
        assert scripted.busy() == 1

    wait_idle(scripted)

"""What openai-python builds on its requests: `.parse()`, `.stream()` with tools, objects."""

import os
import signal
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from openai import DefaultHttpxClient, OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from pydantic import BaseModel
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.processes import wait_idle
from tests.support.scripted import NAME
from tests.support.server import RunningServer, running_server, wait_until

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


def patiently(request: httpx.Request) -> None:
    """Let a request wait longer than it says, as long as this machine may need."""
    request.extensions["timeout"] = httpx.Timeout(20).as_dict()


def test_read_timeout_of_less_than_a_second_holds_while_the_stream_waits(
    client: OpenAI, scripted: RunningServer
) -> None:
    hooks = {"request": [patiently]}
    with (
        DefaultHttpxClient(event_hooks=hooks) as patient,
        client.with_options(http_client=patient, timeout=0.9) as hasty,
        client.chat.completions.create(model=NAME, messages=COUNT, stream=True) as busy,
    ):
        next(iter(busy))
        began = time.monotonic()
        with hasty.chat.completions.with_streaming_response.create(
            model=NAME, messages=PERSON, stream=True
        ) as waiting:
            lines = waiting.iter_lines()
            assert [next(lines) for _ in range(12)] == [": ", ""] * 6
            # After a third of the timeout each, not after one second and then two each.
            assert time.monotonic() - began < 11
            assert scripted.waiting() == 1


def test_stream_of_two_choices_whose_second_begins_first(
    standin_library: Path, tmp_path: Path
) -> None:
    script = ModelScript(
        context_length=10_000,
        journal="journal",
        replies=[
            Reply(match="Count", count=5000, tokens_per_second=50.0),
            Reply(text="Early.", times=1),
            Reply(text="Late."),
        ],
    )
    journal = tmp_path / "journal"
    config = standin_model(standin_library, tmp_path, script, name=NAME, engines=2)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        server.wait_engines()

        def ask() -> ChatCompletion:
            with client.chat.completions.stream(model=NAME, messages=PERSON, n=2) as stream:
                return stream.get_final_completion()

        with client.chat.completions.create(model=NAME, messages=COUNT, stream=True) as busy:
            next(iter(busy))
            (idle,) = {row["pid"] for row in read_journal(journal)} - {
                row["pid"] for row in read_journal(journal, "generate")
            }
            os.kill(idle, signal.SIGSTOP)
            answer = threads.submit(ask)
            wait_until(lambda: (server.busy(), server.waiting()) == (2, 1))
        # The first choice is on the engine that stands still, so this is the second.
        wait_until(lambda: len(read_journal(journal, "generate")) == 2)
        os.kill(idle, signal.SIGCONT)

        said = [choice.message.content for choice in answer.result(20).choices]

    assert said == ["Late.", "Early."]

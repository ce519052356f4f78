"""A model that speaks harmony, as gpt-oss does, over the real server."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.harmony import CALL, CALL_AS_WRITTEN, FINAL, TEMPLATE, THOUGHT
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server
from tests.support.wire import chat_body, chat_text, stream_chunks

PATH: Final = "/v1/chat/completions"
JOURNAL: Final = "journal"
SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Rome"]}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL: Final = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": SCHEMA, "strict": True},
}
ROME: Final = '{"city": "Rome"}'
GREET, CALLING, FIRST, WRONG, FORM = "greet.", "calling.", "first.", "wrong.", "form."
SCRIPT: Final = ModelScript(
    model="gpt-oss",
    eos="<|return|>",
    journal=JOURNAL,
    journal_prompts=True,
    replies=[
        Reply(match="blue", text=f"{THOUGHT % 'It is.'}{FINAL}Blue."),
        Reply(match=GREET, text=f"{THOUGHT % 'They greet.'}{FINAL}Hello!", piece_bytes=5),
        Reply(match=CALLING, text=f"{THOUGHT % 'I look.'}{CALL % 'get_weather'}{ROME}<|call|>"),
        Reply(
            match=FIRST,
            text=f"<|channel|>commentary<|message|>A moment.<|end|><|start|>assistant"
            f"{CALL_AS_WRITTEN % 'get_weather'}{ROME}<|call|>",
        ),
        Reply(match_end="to=functions.", text=f"get_weather<|channel|>commentary<|message|>{ROME}"),
        Reply(match=WRONG, text=f'{CALL % "get_weather"}{{"city": "Berlin"}}<|call|>', times=1),
        Reply(match=WRONG, text='Rome"}<|call|>'),
        Reply(match=FORM, text=f'{FINAL}{{"city": "Rome"}}', continues=True),
    ],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("harmony")


@pytest.fixture(scope="module")
def server(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    source = folder / "harmony.jinja"
    source.write_text(TEMPLATE)
    config = standin_model(standin_library, folder, SCRIPT, name="gpt-oss")
    config += f"chat_template = {json.dumps(str(source))}\n"
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def answered(client: httpx.Client, messages: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """The choice of a JSON answer."""
    body = chat_body(model="gpt-oss", messages=messages, **fields)
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    choice: dict[str, Any] = response.json()["choices"][0]
    return choice


def asked(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def last_prompt(folder: Path) -> str:
    prompt: str = read_journal(folder / JOURNAL, "generate")[-1]["prompt"]
    return prompt


def test_answer_is_content_and_analysis_is_thought(client: httpx.Client) -> None:
    choice = answered(client, asked(GREET), stop=["greet"])
    assert choice["message"]["content"] == "Hello!"
    assert choice["message"]["reasoning_content"] == "They greet."
    assert choice["finish_reason"] == "stop"

    chunks = stream_chunks(client, PATH, chat_body(GREET, model="gpt-oss"))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert chat_text(chunks) == "Hello!"
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "They greet."


@pytest.mark.parametrize(
    ("text", "content", "thought"),
    [(CALLING, None, "I look."), (FIRST, "A moment.", None), (WRONG, None, None)],
)
def test_calls_are_tool_calls(
    client: httpx.Client, folder: Path, text: str, content: str | None, thought: str | None
) -> None:
    choice = answered(client, asked(text), tools=[TOOL])

    [call] = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"])["city"] in {"Rome", "Paris"}
    assert choice["message"]["content"] == content
    assert choice["message"].get("reasoning_content") == thought
    assert choice["finish_reason"] == "tool_calls"
    assert "type get_weather = (city;)" in last_prompt(folder)


def test_result_comes_back_behind_its_call_and_the_thought_before_it(
    client: httpx.Client, folder: Path
) -> None:
    messages = asked(CALLING)
    messages.append(answered(client, messages, tools=[TOOL])["message"])
    [call] = messages[-1]["tool_calls"]
    messages.append({"role": "tool", "tool_call_id": call["id"], "content": "blue"})

    choice = answered(client, messages, tools=[TOOL])

    assert (choice["message"]["content"], choice["finish_reason"]) == ("Blue.", "stop")
    arguments = call["function"]["arguments"]
    assert last_prompt(folder).endswith(
        f"<|start|>assistant{THOUGHT % 'I look.'}{CALL_AS_WRITTEN % 'get_weather'}{arguments}"
        "<|call|><|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>"
        '"blue"<|end|><|start|>assistant'
    )


def test_forced_call_and_form_begin_behind_their_headers(
    client: httpx.Client, folder: Path
) -> None:
    more = {"type": "function", "function": {"name": "hang_up"}}
    choice = answered(client, asked("Now."), tools=[TOOL, more], tool_choice="required")
    [call] = choice["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Rome"}
    assert last_prompt(folder).endswith("<|start|>assistant to=functions.")

    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": SCHEMA}}
    choice = answered(client, asked(FORM), response_format=form)
    assert json.loads(choice["message"]["content"]) == {"city": "Rome"}
    assert last_prompt(folder).endswith(f'<|start|>assistant{FINAL}{{"city": "')


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"reasoning_effort": "low"}, "low"),
        ({"reasoning_effort": "high"}, "high"),
        ({"reasoning_effort": "none"}, "low"),
        ({"chat_template_kwargs": {"reasoning_effort": "high"}}, "high"),
        ({}, "medium"),
    ],
)
def test_effort_goes_to_the_template(
    client: httpx.Client, folder: Path, fields: dict[str, Any], level: str
) -> None:
    body = chat_body(GREET, model="gpt-oss", **fields)

    response = client.post(PATH, json=body)

    assert response.status_code == 200, response.text
    assert "x-picoserve-ignored" not in response.headers
    assert f"Reasoning: {level}<|end|>" in last_prompt(folder)

"""Models that think before they reply: what clients see of it, and what no reader finds in it."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server
from tests.support.wire import chat_body, chat_text, stream_chunks

PATH: Final = "/v1/chat/completions"
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Paris", "Rome"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TURNS: Final = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{{ m.content.split('</think>')[-1].lstrip() if m.role == 'assistant' else m.content }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n%s{% endif %}"
    "{# <tool_call> #}"
)
TEMPLATES: Final = {
    # The model opens the tag, or the prompt has done it.
    "closed": TURNS.replace("%s", ""),
    "open": TURNS.replace("%s", "<think>\n"),
}
OPENING: Final = {"closed": "<think>\n", "open": ""}
GREET, CONSIDER, FORM, RAMBLE, CALL = "greet.", "consider.", "form.", "ramble.", "call."
CALLED: Final = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'


def script_of(name: str) -> ModelScript:
    opening = OPENING[name]
    considered = CALLED.replace("Rome", "Paris")
    return ModelScript(
        model="thinker",
        eos="<|im_end|>",
        journal=f"journal-{name}",
        journal_prompts=True,
        replies=[
            Reply(
                match_last=GREET,
                pieces=[opening, "They", " gr", "eet me.\n</th", "ink", ">\n\nHel", "lo!"],
            ),
            Reply(match_last=CONSIDER, text=f"{opening}Why not {considered}?\n</think>\n\nNo."),
            Reply(match_last=CALL, text=f"{opening}{considered}?\n</think>\n\n{CALLED}"),
            Reply(
                match=FORM,
                text=f'{opening}Like {{"city": "Paris, I guess\n</think>\n\n{{"city": "Rome"}}',
            ),
            Reply(match_last=RAMBLE, text=f"{opening}{'so ' * 40}"),
            Reply(text="}"),
        ],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("thoughts")


@pytest.fixture(scope="module")
def server(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    config = '[log]\nlevel = "debug"\n'
    for name, source in TEMPLATES.items():
        path = folder / f"{name}.jinja"
        path.write_text(source)
        config += standin_model(standin_library, folder, script_of(name), name=name)
        config += f"chat_template = {json.dumps(str(path))}\n"
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def answered(client: httpx.Client, model: str, text: str, **fields: Any) -> dict[str, Any]:
    """The message with the finish reason, the same in JSON and stream."""
    body = chat_body(text, model=model, **fields)
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    message: dict[str, Any] = choice["message"]
    chunks = stream_chunks(client, PATH, body)
    thoughts = [
        delta["reasoning_content"]
        for chunk in chunks
        for delta in [chunk["choices"][0]["delta"]]
        if "reasoning_content" in delta
    ]
    assert "".join(thoughts) == message.get("reasoning_content", "")
    assert chat_text(chunks) == (message["content"] or "")
    assert chunks[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]
    return {**message, "finish_reason": choice["finish_reason"]}


def prompts(folder: Path, model: str) -> list[str]:
    return [call["prompt"] for call in read_journal(folder / f"journal-{model}", "generate")]


@pytest.mark.parametrize("tools", [{}, {"tools": [TOOL]}], ids=["plain", "tools"])
@pytest.mark.parametrize("model", TEMPLATES)
def test_thoughts_are_no_content(client: httpx.Client, model: str, tools: dict[str, Any]) -> None:
    message = answered(client, model, GREET, stop=["greet"], **tools)

    assert message["reasoning_content"] == "They greet me."
    assert (message["content"], message["finish_reason"]) == ("Hello!", "stop")


@pytest.mark.parametrize("model", TEMPLATES)
def test_what_a_model_considers_calling_is_not_called(client: httpx.Client, model: str) -> None:
    message = answered(client, model, CONSIDER, tools=[TOOL])
    assert "get_weather" in message["reasoning_content"]
    assert (message["content"], message["finish_reason"]) == ("No.", "stop")
    assert "tool_calls" not in message

    message = answered(client, model, CALL, tools=[TOOL])
    [call] = message["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Rome"}
    assert (message["content"], message["finish_reason"]) == (None, "tool_calls")


@pytest.mark.parametrize("tools", [{}, {"tools": [TOOL]}], ids=["plain", "tools"])
@pytest.mark.parametrize("model", TEMPLATES)
def test_limit_inside_a_thought_leaves_no_content(
    client: httpx.Client, model: str, tools: dict[str, Any]
) -> None:
    message = answered(client, model, RAMBLE, max_tokens=9, **tools)

    assert message["reasoning_content"].startswith("so so")
    assert (message["content"], message["finish_reason"]) == ("", "length")


@pytest.mark.parametrize("model", TEMPLATES)
def test_document_beside_tools_is_read_behind_the_thought(client: httpx.Client, model: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True}}
    form["json_schema"]["schema"] = TOOL["function"]["parameters"]  # type: ignore[index]

    message = answered(client, model, FORM, tools=[TOOL], response_format=form)

    assert message["reasoning_content"].startswith('Like {"city"')
    assert json.loads(message["content"]) == {"city": "Rome"}


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_object"}},
        {"guided_choice": ["yes", "no"]},
        {"tools": [TOOL], "tool_choice": "required"},
    ],
    ids=["object", "choice", "call"],
)
def test_open_thought_is_ended_where_the_server_begins_the_reply(
    client: httpx.Client, folder: Path, fields: dict[str, Any]
) -> None:
    message = answered(client, "open", "Reply.", **fields)

    assert "reasoning_content" not in message
    assert "<|im_start|>assistant\n<think>\n\n</think>\n\n" in prompts(folder, "open")[-1]


@pytest.mark.parametrize("model", TEMPLATES)
def test_log_probabilities_are_those_of_the_content(client: httpx.Client, model: str) -> None:
    body = chat_body(GREET, model=model, logprobs=True)

    choice = client.post(PATH, json=body).json()["choices"][0]

    assert "".join(item["token"] for item in choice["logprobs"]["content"]) == "Hello!"

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
from tests.support.wire import chat_body, chat_text, error_of, stream_chunks

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
    # The model opens the tag, or the prompt has done it, or either at the caller's wish.
    "closed": TURNS.replace("%s", ""),
    "open": TURNS.replace("%s", "<think>\n"),
    "switched": TURNS.replace(
        "%s",
        "{% if enable_thinking == 'x' %}{{ raise_exception('true or false') }}{% endif %}"
        "<think>\n{% if enable_thinking is false %}{{ '\n</think>\n\n' }}{% endif %}",
    ),
}
OPENING: Final = {"closed": "<think>\n", "open": "", "switched": ""}
EMPTY: Final = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
GREET, CONSIDER, FORM, RAMBLE, CALL = "greet.", "consider.", "form.", "ramble.", "call."
CALLED: Final = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'


def script_of(name: str) -> ModelScript:
    opening = OPENING[name.removeprefix("quick-")]
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
            Reply(match_end=f"<|im_end|>\n{EMPTY}", text="Quick."),
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
    for name in TEMPLATES:
        quick = f"quick-{name}"
        path = folder / f"{name}.jinja"
        config += standin_model(standin_library, folder, script_of(quick), name=quick)
        config += f"chat_template = {json.dumps(str(path))}\nthinking = false\n"
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


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("open", {"reasoning_effort": "none"}),
        ("switched", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("switched", {"reasoning_effort": "minimal"}),
        ("quick-open", {}),
        ("quick-switched", {}),
    ],
)
def test_thinking_can_be_switched_off(
    client: httpx.Client, folder: Path, model: str, fields: dict[str, Any]
) -> None:
    body = chat_body("Hi.", model=model, **fields)

    response = client.post(PATH, json=body)

    assert response.json()["choices"][0]["message"]["content"] == "Quick."
    assert "reasoning_content" not in response.json()["choices"][0]["message"]
    assert prompts(folder, model)[-1].endswith(f"Hi.<|im_end|>\n{EMPTY}")
    assert "x-picoserve-ignored" not in response.headers
    rendered = client.post(f"{PATH}/render", json=body).json()["prompt"]
    assert rendered == prompts(folder, model)[-1]


def test_setting_that_changes_nothing_is_told(client: httpx.Client, server: RunningServer) -> None:
    message = answered(client, "quick-closed", GREET)

    assert message["content"] == "Hello!"
    warnings = [line for line in server.log.read_text().splitlines() if "thinking = false" in line]
    assert len(warnings) == 1
    assert "quick-closed" in warnings[0]


def test_request_switches_thinking_on_again(client: httpx.Client) -> None:
    message = answered(client, "quick-switched", GREET, reasoning_effort="low")

    assert (message["content"], message["reasoning_content"]) == ("Hello!", "They greet me.")


@pytest.mark.parametrize(
    ("model", "fields", "ignored"),
    [
        ("closed", {"reasoning_effort": "none"}, "reasoning_effort"),
        (
            "open",
            {"chat_template_kwargs": {"enable_thinking": True, "mood": "x"}},
            "chat_template_kwargs.enable_thinking, chat_template_kwargs.mood",
        ),
    ],
)
def test_wish_that_changes_nothing_is_named(
    client: httpx.Client, model: str, fields: dict[str, Any], ignored: str
) -> None:
    response = client.post(PATH, json=chat_body(GREET, model=model, **fields))

    assert response.headers["x-picoserve-ignored"] == ignored


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({"enable_thinking": "x"}, "chat_template_kwargs"),
        ({"enable_thinking": [False]}, "chat_template_kwargs.enable_thinking"),
        ("off", "chat_template_kwargs"),
    ],
)
def test_wish_that_makes_no_sense_is_named(client: httpx.Client, value: object, param: str) -> None:
    body = chat_body(GREET, model="switched", chat_template_kwargs=value)

    response = client.post(PATH, json=body)

    assert response.status_code == 400
    assert error_of(response)["param"] == param


@pytest.mark.parametrize("model", TEMPLATES)
def test_log_probabilities_are_those_of_the_content(client: httpx.Client, model: str) -> None:
    body = chat_body(GREET, model=model, logprobs=True)

    choice = client.post(PATH, json=body).json()["choices"][0]

    assert "".join(item["token"] for item in choice["logprobs"]["content"]) == "Hello!"

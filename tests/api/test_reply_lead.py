"""What models write before their first word: not shown, and neither text nor a stop phrase."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, chat_text, stream_chunks

PATH: Final = "/v1/chat/completions"
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {
        "name": "set_light",
        "parameters": {
            "type": "object",
            "properties": {"room": {"enum": ["hall", "attic"]}},
            "required": ["room"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
FORM: Final[dict[str, Any]] = {
    "type": "json_schema",
    "json_schema": {
        "name": "light",
        "strict": True,
        "schema": TOOL["function"]["parameters"],
    },
}
# Words that no offer of tools holds, since that stands in the same turn.
APART, JOINED, BARE, DOUBLED, LINES, CALLING, FORMING, PICKING = (
    f"ask {number}." for number in range(1, 9)
)
CALL: Final = '{"name": "set_light", "arguments": {"room": "cellar"}}'
LEADS: Final = {
    "gemma": ("gemma-2b-it-258 [4.00 v1]", ["\n"], "<end_of_turn>"),
    "llama": ("llama-2-7b-chat [2.90 v1]", [" "], "</s>"),
    "qwen": ("qwen3-vl-2b-it [5.37 v1]", ["\n\n", "Assistant", ": "], "<|im_end|>"),
}


def script_of(name: str) -> ModelScript:
    model, lead, eos = LEADS[name]
    whole = "".join(lead)
    return ModelScript(
        model=model,
        vision=name == "qwen",
        eos=eos,
        journal=f"journal-{name}",
        journal_prompts=True,
        replies=[
            Reply(match_last=APART, pieces=[*lead, "Hello", " world"]),
            Reply(match_last=JOINED, pieces=[f"{whole}Hello", " world"]),
            Reply(match_last=BARE, pieces=["Hello", " world"]),
            Reply(match_last=DOUBLED, pieces=[*lead, *lead, "Hello"]),
            Reply(match_last=LINES, pieces=[*lead, "one", "\n", "two"]),
            Reply(match=CALLING, text=f"{whole}{CALL}", continues=True),
            Reply(match=FORMING, text=f'{whole}{{"room": "cellar"}}', continues=True),
            Reply(match=PICKING, text=f"{whole}left", continues=True),
        ],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leads")


@pytest.fixture(scope="module")
def server(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    config = '[log]\nlevel = "debug"\nformat = "json"\nprompts = true\n' + "".join(
        standin_model(standin_library, folder, script_of(name), name=name) for name in LEADS
    )
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def answers(client: httpx.Client, model: str, text: str, **fields: Any) -> tuple[str, str]:
    """Text and finish reason, the same in JSON and stream."""
    body = chat_body(text, model=model, **fields)
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    choice = response.json()["choices"][0]
    chunks = stream_chunks(client, PATH, body)
    content = choice["message"]["content"] or ""
    assert chat_text(chunks) == content
    assert chunks[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]
    return content, choice["finish_reason"]


def prompts(folder: Path, model: str) -> list[str]:
    return [call["prompt"] for call in read_journal(folder / f"journal-{model}", "generate")]


@pytest.mark.parametrize("tools", [{}, {"tools": [TOOL]}], ids=["plain", "tools"])
@pytest.mark.parametrize("model", LEADS)
def test_lead_is_not_shown_and_ends_no_reply(
    client: httpx.Client, model: str, tools: dict[str, Any]
) -> None:
    stop = ["\n", "Assistant", " Hello"]

    for text in (APART, JOINED, BARE):
        for fields in ({}, {"stop": stop}):
            given = answers(client, model, text, **tools, **fields)
            assert given == ("Hello world", "stop")
    assert answers(client, model, LINES, stop=stop, **tools) == ("one", "stop")


@pytest.mark.parametrize("model", LEADS)
def test_only_one_lead_is_left_out(client: httpx.Client, model: str) -> None:
    assert answers(client, model, DOUBLED) == ("".join(LEADS[model][1]) + "Hello", "stop")


@pytest.mark.parametrize("tools", [{}, {"tools": [TOOL]}], ids=["plain", "tools"])
@pytest.mark.parametrize("text", [APART, JOINED, BARE])
@pytest.mark.parametrize("model", LEADS)
def test_log_probabilities_are_those_of_what_is_shown(
    client: httpx.Client, model: str, text: str, tools: dict[str, Any]
) -> None:
    body = chat_body(text, model=model, logprobs=True, **tools)

    choice = client.post(PATH, json=body).json()["choices"][0]
    streamed = [
        item
        for chunk in stream_chunks(client, PATH, body)
        for choice in chunk["choices"]
        for item in (choice["logprobs"] or {}).get("content") or []
    ]

    items = choice["logprobs"]["content"]
    assert tokens_of(items) == ["Hello", " world"]
    assert streamed == items


def tokens_of(items: Sequence[dict[str, Any]]) -> list[str]:
    assert [item["token"].encode() for item in items] == [bytes(item["bytes"]) for item in items]
    return [item["token"] for item in items]


@pytest.mark.parametrize("model", LEADS)
def test_call_goes_on_from_what_the_model_has_said(
    client: httpx.Client, folder: Path, model: str
) -> None:
    before = len(prompts(folder, model))
    body = chat_body(CALLING, model=model, tools=[TOOL], stop=["\n"])

    message = client.post(PATH, json=body).json()["choices"][0]["message"]

    first, *others = prompts(folder, model)[before:]
    lead = "".join(LEADS[model][1])
    assert message["tool_calls"][0]["function"]["name"] == "set_light"
    assert not message["content"]
    assert others
    assert all(prompt.startswith(f"{first}{lead}{{") for prompt in others)


@pytest.mark.parametrize("fields", [{"response_format": FORM}, {"guided_choice": ["left", "on"]}])
@pytest.mark.parametrize("model", LEADS)
def test_document_stands_behind_the_lead(
    client: httpx.Client, folder: Path, model: str, fields: dict[str, Any]
) -> None:
    before = len(prompts(folder, model))
    text, lead = PICKING if "guided_choice" in fields else FORMING, "".join(LEADS[model][1])
    body = chat_body(text, model=model, logprobs=True, **fields)

    choice = client.post(PATH, json=body).json()["choices"][0]
    seen = client.post("/v1/chat/completions/render", json=body).json()["prompt"]

    calls = prompts(folder, model)[before:]
    items = choice["logprobs"]["content"]
    assert "".join(tokens_of(items)) == choice["message"]["content"]
    if text == PICKING:
        assert (calls, choice["message"]["content"]) == ([seen], "left")
    else:
        assert all(prompt.startswith(f"{seen}{lead}{{") for prompt in calls)


@pytest.mark.parametrize("model", ["gemma", "llama"])
def test_reply_that_continues_another_one_has_no_lead(
    client: httpx.Client, folder: Path, model: str
) -> None:
    def body(text: str, **fields: Any) -> dict[str, Any]:
        begun = [*chat_body(text)["messages"], {"role": "assistant", "content": "So:"}]
        return {"model": model, "messages": begun, **fields}

    plain = client.post(PATH, json=body(APART)).json()["choices"][0]["message"]["content"]
    before = len(prompts(folder, model))
    asked = body(FORMING, response_format=FORM)
    client.post(PATH, json=asked)
    seen = client.post("/v1/chat/completions/render", json=asked).json()["prompt"]

    assert plain == "".join(LEADS[model][1]) + "Hello world"
    assert prompts(folder, model)[before:]
    assert all(prompt.startswith(f"{seen}{{") for prompt in prompts(folder, model)[before:])


@pytest.mark.parametrize("tools", [{}, {"tools": [TOOL]}], ids=["plain", "tools"])
@pytest.mark.parametrize("text", [APART, JOINED, BARE])
@pytest.mark.parametrize("model", LEADS)
def test_engine_is_known_to_hold_the_lead_once(
    client: httpx.Client, server: RunningServer, model: str, text: str, tools: dict[str, Any]
) -> None:
    answer = client.post(PATH, json=chat_body(text, model=model, **tools))
    request_id = answer.headers["x-request-id"]

    wait_until(lambda: noted_answers(server, request_id))
    assert noted_answers(server, request_id) == ["".join(LEADS[model][1]) + "Hello world"]


def noted_answers(server: RunningServer, request_id: str) -> list[str]:
    """What the pool believes that an engine holds of a reply, as the log tells it."""
    return [
        entry["answer"]
        for entry in server.log_entries()
        if entry["event"] == "text" and entry["request_id"] == request_id
    ]

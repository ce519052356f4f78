"""Log probabilities, penalties, seed and limit keep their meaning over the calls of a form."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import openai
import pydantic
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, MODEL, standin_model
from tests.support.server import RunningServer, running_server
from tests.support.wire import Body, chat_text, stream_chunks

PATH: Final = "/v1/chat/completions"
SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["kelvin", "celsius"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
FORM: Final = {
    "type": "json_schema",
    "json_schema": {"name": "place", "strict": True, "schema": SCHEMA},
}
TOOL: Final = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
PARIS: Final = '{"city": "Paris", "unit": "celsius"}'
CALL: Final = f'{{"name": "look", "arguments": {PARIS}}}'
CERTAIN: Final = 0.0
UNLIKELY: Final = -9999.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sampling")


@pytest.fixture(scope="module")
def pico_server(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    script = ModelScript(
        journal="journal",
        interrupt_overshoot=2,
        replies=[
            Reply(match_last="good", text=PARIS, continues=True),
            Reply(match_end='"unit": "', text='hot"}'),
            Reply(
                match_last="wrong",
                pieces=["Paris", '", "unit": "', 'hot"}'],
                log_probs=[(0, -0.5)],
            ),
            Reply(match_last="(call)", text=f"Let me look. {CALL}"),
            Reply(match_last="(only)", text=CALL),
            Reply(match_last="(text)", text="It is warm, I think."),
        ],
    )
    config = standin_model(standin_library, folder, script)
    with running_server(folder, config, environment=ACCESS_KEY) as running:
        yield running


@pytest.fixture(scope="module")
def pico(pico_server: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=pico_server.url, timeout=20) as client:
        yield client


def wish(words: str, **fields: Any) -> Body:
    messages = [{"role": "user", "content": words}]
    return {"model": "pico", "messages": messages, "logprobs": True, **fields}


def spelled(items: list[Body]) -> str:
    return b"".join(bytes(item["bytes"]) for item in items).decode()


def streamed_items(chunks: list[Body]) -> list[Body]:
    return [
        item
        for chunk in chunks
        for choice in chunk["choices"]
        for item in (choice["logprobs"] or {"content": []})["content"]
    ]


def assert_spells_the_document(client: httpx.Client, body: Body) -> None:
    (choice,) = client.post(PATH, json=body).json()["choices"]
    chunks = stream_chunks(client, PATH, body)

    assert sorted(json.loads(choice["message"]["content"])) == ["city", "unit"]
    items = choice["logprobs"]["content"]
    assert spelled(items) == choice["message"]["content"]
    assert spelled(streamed_items(chunks)) == chat_text(chunks)
    assert all(item["logprob"] <= 0 and len(item["top_logprobs"]) <= 3 for item in items)


@pytest.mark.parametrize("words", ["good", "wrong"])
@pytest.mark.parametrize("beside", [{}, {"tools": [TOOL]}])
def test_they_spell_the_document(pico: httpx.Client, words: str, beside: Body) -> None:
    body = wish(words, response_format=FORM, top_logprobs=3, **beside)

    assert_spells_the_document(pico, body)


@pytest.mark.parametrize("seed", range(4))
def test_they_spell_what_llama_cpp_writes(http: httpx.Client, seed: int) -> None:
    body = wish("Where?", model=MODEL, response_format=FORM, top_logprobs=3, seed=seed)

    assert_spells_the_document(http, body)


def test_token_put_in_and_token_kept_are_told_apart(pico: httpx.Client) -> None:
    body = wish("wrong", response_format=FORM, top_logprobs=2)

    (choice,) = pico.post(PATH, json=body).json()["choices"]

    items = {item["token"]: item for item in choice["logprobs"]["content"]}
    assert items['{"city": "']["logprob"] == CERTAIN
    assert items["Paris"]["logprob"] == -0.5
    assert len(items["Paris"]["top_logprobs"]) == 2
    assert items['celsius"']["logprob"] == UNLIKELY
    assert items['celsius"']["top_logprobs"] == []


def test_text_before_a_call_has_them_and_the_call_has_none(pico: httpx.Client) -> None:
    body = wish("(call)", tools=[TOOL])

    (choice,) = pico.post(PATH, json=body).json()["choices"]
    chunks = stream_chunks(pico, PATH, body)

    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Let me look. "
    assert spelled(choice["logprobs"]["content"]) == "Let me look. "
    assert streamed_items(chunks) == choice["logprobs"]["content"]


def test_reply_without_text_has_none(pico: httpx.Client) -> None:
    (choice,) = pico.post(PATH, json=wish("(only)", tools=[TOOL])).json()["choices"]

    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"]
    assert choice["logprobs"] is None


def test_text_beside_unused_tools_has_those_of_plain_text(pico: httpx.Client) -> None:
    with_tools = pico.post(PATH, json=wish("(text)", tools=[TOOL])).json()["choices"][0]
    without = pico.post(PATH, json=wish("(text)")).json()["choices"][0]

    assert with_tools["message"]["content"] == "It is warm, I think."
    assert with_tools["logprobs"] == without["logprobs"]


def test_each_choice_has_its_own(pico: httpx.Client) -> None:
    answer = pico.post(PATH, json=wish("good", response_format=FORM, n=2)).json()

    for choice in answer["choices"]:
        assert spelled(choice["logprobs"]["content"]) == choice["message"]["content"]


def test_document_cut_by_the_limit_has_those_of_what_was_shown(pico: httpx.Client) -> None:
    body = wish("good", response_format=FORM, max_tokens=3)

    (choice,) = pico.post(PATH, json=body).json()["choices"]

    assert choice["finish_reason"] == "length"
    assert spelled(choice["logprobs"]["content"]) == choice["message"]["content"] != ""


def test_every_call_of_a_document_has_the_sampling_that_was_asked_for(
    pico: httpx.Client, folder: Path
) -> None:
    asked = {"presence_penalty": 1.5, "frequency_penalty": 0.5, "temperature": 0.25, "top_p": 0.75}
    before = len(read_journal(folder / "journal", "generate"))
    body = wish("wrong", response_format=FORM, seed=100, max_tokens=50, **asked)

    answer = pico.post(PATH, json=body)

    calls = read_journal(folder / "journal", "generate")[before:]
    assert len(calls) > 1
    assert [{name: call[name] for name in asked} for call in calls] == [asked] * len(calls)
    assert [call["seed"] - calls[0]["seed"] for call in calls] == [*range(len(calls))]
    limits = [call["limit"] for call in calls]
    assert limits[0] == 50
    assert limits == sorted(set(limits), reverse=True)
    assert answer.json()["usage"]["completion_tokens"] > 50 - limits[-1]
    assert "x-picoserve-ignored" not in answer.headers


def test_openai_client_parses_both(pico_server: RunningServer) -> None:
    class Place(pydantic.BaseModel):
        city: str
        unit: str

    client = openai.OpenAI(base_url=pico_server.base_url, api_key="any")
    answer = client.chat.completions.parse(
        model="pico",
        messages=[{"role": "user", "content": "good"}],
        response_format=Place,
        logprobs=True,
        top_logprobs=1,
    )

    (choice,) = answer.choices
    assert choice.message.parsed == Place(city="Paris", unit="celsius")
    assert choice.logprobs is not None
    tokens = choice.logprobs.content or []
    assert "".join(token.token for token in tokens) == choice.message.content

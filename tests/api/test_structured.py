"""Wrong models of every known kind, on the schemas that LiveKit sends: what arrives is valid."""

import json
import os
import random
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema
import pytest
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server
from tests.support.wire import Body, chat_text, stream_chunks
from tests.unit.constraint.behaviours import BEHAVIOURS
from tests.unit.constraint.schemas import LIVEKIT

PATH: Final = "/v1/chat/completions"
ENDLESS_BYTES: Final = 1500
# Every behaviour on every schema takes two minutes; calls and forced calls run on some.
_ALL: Final = os.environ.get("PICOSERVE_STRUCTURED_TESTS") == "all"
CALLED: Final = tuple(LIVEKIT) if _ALL else ("get_weather", "worst")
FORCED: Final = tuple(BEHAVIOURS) if _ALL else tuple(BEHAVIOURS)[::6]
CASES: Final = [(behaviour, name) for behaviour in BEHAVIOURS for name in LIVEKIT]


def mark(kind: str, behaviour: str, name: str) -> str:
    """The user's words that make the model behave so."""
    return f"({kind}: {behaviour}: {name})"


def script_text(behaviour: str, name: str) -> bytes:
    """What the model insists on."""
    chance = random.Random(f"{behaviour} {name}")  # noqa: S311
    script = BEHAVIOURS[behaviour](LIVEKIT[name][1], chance)
    endless = (script.endless * ENDLESS_BYTES)[:ENDLESS_BYTES]
    return (script.text + endless).replace(b"\0", b"\1")


@pytest.fixture(scope="module")
def wrong(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[httpx.Client, None, None]:
    """A server on a model that is wrong in the way that the last message names."""
    folder = tmp_path_factory.mktemp("wrong")
    replies = []
    for behaviour, name in CASES:
        text = script_text(behaviour, name)
        call = b'{"name": "%s", "arguments": %s}' % (name.encode(), text)
        replies += [
            Reply(match=mark("document", behaviour, name), text=text, continues=True),
            Reply(match=mark("call", behaviour, name), text=call, continues=True),
        ]
    script = ModelScript(context_length=20_000, interrupt_overshoot=2, replies=replies)
    config = standin_model(standin_library, folder, script)
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        yield client
        assert_clean(server)


def assert_clean(server: RunningServer) -> None:
    assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text()


def request(kind: str, behaviour: str, name: str, **fields: object) -> Body:
    text = mark(kind, behaviour, name)
    return {"model": "pico", "messages": [{"role": "user", "content": text}], **fields}


def tools_for(*names: str) -> list[Body]:
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": "Does it.",
                "parameters": LIVEKIT[name][0],
                "strict": True,
            },
        }
        for name in names
    ]


def folded(chunks: list[Body]) -> tuple[str, list[Body], str]:
    """Text, calls and finish reason of a stream; the deltas must have the one shape."""
    calls: list[Body] = []
    finish = ""
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        finish = choice["finish_reason"] or finish
        deltas = choice["delta"].get("tool_calls", [])
        assert len(deltas) <= 1
        assert not (deltas and choice["finish_reason"])
        for delta in deltas:
            assert isinstance(delta["function"]["arguments"], str)
            if "id" in delta:
                assert delta["index"] == len(calls)
                assert delta["id"] not in [call["id"] for call in calls]
                assert delta["function"]["arguments"] == ""
                calls.append({"id": delta["id"], **delta["function"]})
            else:
                assert delta["index"] == len(calls) - 1
                assert "name" not in delta["function"]
                calls[-1]["arguments"] += delta["function"]["arguments"]
    return chat_text(chunks), calls, finish


def assert_meets(name: str, text: str) -> None:
    jsonschema.Draft202012Validator(LIVEKIT[name][0]).validate(json.loads(text))


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_document_is_valid(wrong: httpx.Client, behaviour: str) -> None:
    for name in LIVEKIT if _ALL else ("save_person", "worst_response"):
        schema = LIVEKIT[name][0]
        wanted = {"name": name, "schema": schema, "strict": True}
        body = request(
            "document",
            behaviour,
            name,
            response_format={"type": "json_schema", "json_schema": wanted},
        )

        text, _, finish = folded(stream_chunks(wrong, PATH, body))

        assert finish == "stop"
        assert_meets(name, text)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_call_is_valid(wrong: httpx.Client, behaviour: str) -> None:
    for name in CALLED:
        others = ["no_args"] if name != "no_args" else []
        body = request("call", behaviour, name, tools=tools_for(name, *others))

        text, calls, finish = folded(stream_chunks(wrong, PATH, body))

        assert text == ""
        assert finish == "tool_calls"
        assert calls[0]["name"] == name
        for call in calls:
            assert_meets(call["name"], call["arguments"])


@pytest.mark.parametrize("behaviour", FORCED)
def test_every_forced_call_is_valid(wrong: httpx.Client, behaviour: str) -> None:
    choice = {"type": "function", "function": {"name": "worst"}}
    for name, wish in (("save_person", "required"), ("worst", choice)):
        body = request(
            "document", behaviour, name, tools=tools_for("worst", "save_person"), tool_choice=wish
        )

        answer = wrong.post(PATH, json=body).json()

        (chosen,) = answer["choices"]
        assert chosen["finish_reason"] == "tool_calls"
        for call in chosen["message"]["tool_calls"]:
            assert_meets(call["function"]["name"], call["function"]["arguments"])


@pytest.mark.parametrize("limit", range(1, 40, 3))
def test_cut_document_says_length_and_is_a_beginning(wrong: httpx.Client, limit: int) -> None:
    schema, document = LIVEKIT["save_person"]
    wanted = {"name": "save_person", "schema": schema, "strict": True}
    body = request(
        "document",
        "compliant",
        "save_person",
        response_format={"type": "json_schema", "json_schema": wanted},
        max_tokens=limit,
    )

    text, _, finish = folded(stream_chunks(wrong, PATH, body))

    whole = json.dumps(document, ensure_ascii=False)
    assert whole.startswith(text)
    assert (finish == "stop") == (text == whole)
    assert finish in {"stop", "length"}


def test_answer_folded_from_a_stream_is_the_json_answer(wrong: httpx.Client) -> None:
    body: dict[str, Any] = request("call", "wrong types", "worst", tools=tools_for("worst"))

    _, (streamed,), finish = folded(stream_chunks(wrong, PATH, body))
    (choice,) = wrong.post(PATH, json=body).json()["choices"]

    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["function"] == {name: streamed[name] for name in ("name", "arguments")}
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == finish


def test_stop_phrase_does_not_cut_a_form_and_is_named(wrong: httpx.Client) -> None:
    body = request("document", "compliant", "worst", stop=["}"], presence_penalty=1.0)
    form = {"response_format": {"type": "json_object"}}

    free, held = wrong.post(PATH, json=body), wrong.post(PATH, json={**body, **form})

    assert "x-picoserve-ignored" not in free.headers
    assert held.headers["x-picoserve-ignored"] == "stop"
    assert isinstance(json.loads(held.json()["choices"][0]["message"]["content"]), dict)

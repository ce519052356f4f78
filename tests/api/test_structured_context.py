"""A document that meets the end of the context is made whole, wherever the end falls."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import running_server
from tests.support.wire import error_of
from tests.unit.constraint.schemas import LIVEKIT

PATH = "/v1/chat/completions"
CONTEXT = 400
SCHEMA = LIVEKIT["save_person"][0]
# After this a repair puts in more than a small rest of the context holds.
SHORT = 'Zoe"}'
WRONG = '{"name": 7, "addr": {"road": "a b c d", "zip": 9}, "tags": "x y z", "more": [1, 2]}'


def ask(client: httpx.Client, padding: int) -> httpx.Response:
    wanted = {"name": "person", "schema": SCHEMA, "strict": True}
    body: dict[str, Any] = {
        "model": "pico",
        "messages": [{"role": "user", "content": "Who?" + " word" * padding}],
        "response_format": {"type": "json_schema", "json_schema": wanted},
    }
    return client.post(PATH, json=body)


@pytest.mark.parametrize(("said", "context_end"), [(WRONG, "limit"), (SHORT, "error")])
def test_every_place_of_the_end_gives_a_valid_document(
    standin_library: Path, tmp_path: Path, said: str, context_end: Any
) -> None:
    script = ModelScript(
        context_length=CONTEXT, context_end=context_end, replies=[Reply(text=said, continues=True)]
    )
    with (
        running_server(
            tmp_path, standin_model(standin_library, tmp_path, script), environment=ACCESS_KEY
        ) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        room = CONTEXT - ask(client, 0).json()["usage"]["prompt_tokens"]

        for padding in range(room - 41, room - 1, 2):
            answer = ask(client, padding).json()
            choice = answer["choices"][0]
            assert choice["finish_reason"] == "stop", (padding, answer)
            document = json.loads(choice["message"]["content"])
            jsonschema.Draft202012Validator(SCHEMA).validate(document)

        refused = ask(client, room + 1)
        assert refused.status_code == 400
        assert error_of(refused)["code"] == "context_length_exceeded"

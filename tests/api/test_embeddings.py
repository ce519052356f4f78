"""Embeddings over a real server: shapes, spreading, refusals."""

import math
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from tests.standin.model_script import ModelScript, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of, unread

PATH = "/v1/embeddings"
ENGINES = 3
SCRIPT = ModelScript(
    model="embeddinggemma-300m [1.37 v1]",
    generate=False,
    embeddings=16,
    context_length=64,
    prefill_tokens_per_second=200,
    journal="journal",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture(scope="module")
def embedder(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    config = standin_model(standin_library, folder, SCRIPT, name="vec", engines=ENGINES)
    config += standin_model(standin_library, folder, ModelScript(), name="chatty")
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        server.wait_engines()
        yield server


@pytest.fixture
def client(embedder: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=embedder.url, timeout=20) as client:
        yield client


def post(client: httpx.Client, text: Any, **fields: Any) -> httpx.Response:
    return client.post(PATH, json={"model": "vec", "input": text, **fields})


def test_text_becomes_a_unit_vector(client: httpx.Client) -> None:
    body = post(client, "the quick fox").json()

    [item] = body["data"]
    assert (body["object"], body["model"]) == ("list", "vec")
    assert (item["object"], item["index"], len(item["embedding"])) == ("embedding", 0, 16)
    assert math.isclose(sum(x * x for x in item["embedding"]), 1, abs_tol=1e-5)


def test_usage_counts_every_input(client: httpx.Client) -> None:
    texts = ["the quick fox", "jumps"]
    counted = [
        client.post("/tokenize", json={"model": "vec", "prompt": text}).json()["count"]
        for text in texts
    ]

    usage = post(client, texts).json()["usage"]

    assert usage == {"prompt_tokens": sum(counted), "total_tokens": sum(counted)}


def test_order_is_that_of_the_inputs(client: httpx.Client) -> None:
    texts = ["one " * 9, "two", "three " * 5, "four", "five " * 3]

    together = post(client, texts).json()["data"]
    alone = [post(client, text).json()["data"][0]["embedding"] for text in texts]

    assert [item["index"] for item in together] == [0, 1, 2, 3, 4]
    assert [item["embedding"] for item in together] == alone


def test_base64_is_what_the_stock_client_reads(embedder: RunningServer) -> None:
    # openai-python asks for base64 unless told otherwise, and decodes it.
    with OpenAI(base_url=embedder.base_url, api_key="any", max_retries=0) as openai:
        default = openai.embeddings.create(model="vec", input="the quick fox")
        floats = openai.embeddings.create(
            model="vec", input="the quick fox", encoding_format="float"
        )

    assert default.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)


def test_inputs_are_spread_over_the_idle_engines(client: httpx.Client, folder: Path) -> None:
    before = len(read_journal(folder / "journal", "embed"))

    answer = post(client, ["word " * 20] * 2 * ENGINES)

    done = read_journal(folder / "journal", "embed")[before:]
    assert len(done) == 2 * ENGINES
    assert len({entry["pid"] for entry in done}) == ENGINES
    assert len(answer.headers["x-picoserve-engine"].split(",")) == ENGINES


def test_a_request_leaves_its_line_with_engine_and_tokens(
    client: httpx.Client, embedder: RunningServer
) -> None:
    answer = client.post(
        PATH, json={"model": "vec", "input": ["one", "two"]}, headers={"x-request-id": "line"}
    )

    tokens = answer.json()["usage"]["prompt_tokens"]
    wait_until(lambda: embedder.log_lines("request_id=line"))
    (line,) = embedder.log_lines("request_id=line")
    for field in (f"prompt_tokens={tokens}", "engine=vec@cpu:1#", "model=vec", "finish=stop"):
        assert field in line


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": ""}, "input", None),
        ({"input": ["a", ""]}, "input[1]", None),
        ({"input": []}, "input", "empty_array"),
        ({"input": [1, 2, 3]}, "input", "unsupported_value"),
        ({"input": "a", "dimensions": 8}, "dimensions", "unsupported_parameter"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format", "invalid_value"),
        ({"input": ["a", "b " * 100]}, "input[1]", "context_length_exceeded"),
        ({"input": "a\0b"}, "input", None),
        ({"input": "a", "model": "chatty"}, "model", "unsupported_value"),
    ],
)
def test_wrong_request_names_its_field(
    client: httpx.Client, fields: dict[str, Any], param: str, code: str | None
) -> None:
    response = client.post(PATH, json={"model": "vec", **fields})

    error = error_of(response)
    assert response.status_code == 400, error
    assert error["param"] == param
    if code:
        assert error["code"] == code


def test_missing_capability_is_named(client: httpx.Client, http: httpx.Client, model: str) -> None:
    answers = [
        client.post(PATH, json={"model": "chatty", "input": "a"}),
        http.post(PATH, json={"model": model, "input": "a"}),
        client.post("/v1/chat/completions", json=chat_body("a", model="vec")),
        client.post("/v1/completions", json={"model": "vec", "prompt": "a"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    messages = [error_of(answer)["message"] for answer in answers]
    assert ["'embeddings'" in message for message in messages] == [True, True, False, False]
    assert all("'generation'" in message for message in messages[2:])


def test_unknown_fields_are_named(client: httpx.Client) -> None:
    known = post(client, "one", user="u", encoding_format="float")
    unknown = post(client, "one", truncate_prompt_tokens=3, user="u")

    assert "x-picoserve-ignored" not in known.headers
    assert unknown.headers["x-picoserve-ignored"] == "truncate_prompt_tokens"


def test_user_breaks_ties_between_engines(client: httpx.Client) -> None:
    post(client, ["word " * 20] * ENGINES)

    first, again, stranger = (
        post(client, "word " * 20, user=user).headers["x-picoserve-engine"]
        for user in ("u", "u", "v")
    )

    assert first == again != stranger


def test_client_that_leaves_costs_no_engine(standin_library: Path, tmp_path: Path) -> None:
    # Embeddings cannot be interrupted: this one takes longer than an interrupt may.
    config = "[pool]\ninterrupt_seconds = 0.2\n"
    slow = replace(SCRIPT, prefill_tokens_per_second=20)
    config += standin_model(standin_library, tmp_path, slow, name="vec")
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        with unread(server, {"model": "vec", "input": "word " * 50}, PATH):
            wait_until(lambda: server.busy() == 1)
        with httpx.Client(base_url=server.url, timeout=20) as client:
            assert post(client, "word").status_code == 200

        assert server.health()["engines"][0]["restarts"] == 0

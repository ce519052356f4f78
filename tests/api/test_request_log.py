"""Ids, headers, log lines and timings, as a client and an operator see them."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.standin.model_script import ModelScript
from tests.support.models import ACCESS_KEY, slow_script, standin_model, tiny_model
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, completion_body, open_stream, stream_chunks

KEY = "sk-a-secret-that-no-log-shows"
PROMPT = "Where is the treasure of Captain Flint?"


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer, None, None]:
    """A server at debug level, in JSON, whose clients have keys."""
    folder = tmp_path_factory.mktemp("logged")
    (folder / "keys.txt").write_text(f"{KEY} # treasure hunters\nother-key\n")
    config = '[log]\nlevel = "debug"\nformat = "json"\n[auth]\nkey_file = "keys.txt"\n'
    with running_server(folder, config + tiny_model(engines=2)) as server:
        yield server


@pytest.fixture
def client(logged: RunningServer) -> Generator[httpx.Client, None, None]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=logged.url, headers=headers, timeout=20) as client:
        yield client


def request_line(server: RunningServer, request_id: str) -> dict[str, Any]:
    """The line of one request, once it is written."""

    def lines() -> list[dict[str, Any]]:
        return [
            entry
            for entry in server.log_entries()
            if entry["event"] == "request" and entry["request_id"] == request_id
        ]

    wait_until(lines)
    (line,) = lines()
    return line


def test_the_id_of_the_client_comes_back_and_a_harmful_one_is_replaced(http: httpx.Client) -> None:
    assert http.get("/health", headers={"x-request-id": "mine 1"}).headers["x-request-id"] == (
        "mine 1"
    )
    for given in ("x" * 129, "caf\u00e9".encode().decode("latin-1"), ""):
        answer = http.get("/health", headers={b"x-request-id": given.encode("latin-1")})
        assert answer.headers["x-request-id"].startswith("req_")


def test_two_requests_have_two_ids(http: httpx.Client) -> None:
    ids = {http.get("/nowhere").headers["x-request-id"] for _ in range(2)}

    assert len(ids) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_headers_tell_the_engine_and_the_times(http: httpx.Client, stream: bool) -> None:
    engines = {engine["name"] for engine in http.get("/health").json()["engines"]}

    answer = http.post("/v1/chat/completions", json=chat_body(stream=stream))

    assert answer.headers["x-picoserve-engine"] in engines
    assert int(answer.headers["openai-processing-ms"]) >= 0
    timing = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert float(timing["total"]) >= float(timing["line"]) >= 0


def test_a_finished_request_has_one_line_with_its_counts(
    logged: RunningServer, client: httpx.Client, model: str
) -> None:
    answer = client.post("/v1/chat/completions", json=chat_body(PROMPT, max_tokens=5))

    line = request_line(logged, answer.headers["x-request-id"])
    usage = answer.json()["usage"]
    assert line["level"] == "info"
    assert (line["key"], line["model"], line["status"]) == ("treasure hunters", model, 200)
    assert line["route"] == "/v1/chat/completions"
    assert line["engine"] == answer.headers["x-picoserve-engine"]
    assert line["finish"] == answer.json()["choices"][0]["finish_reason"]
    assert line["prompt_tokens"] == usage["prompt_tokens"]
    assert line["completion_tokens"] == usage["completion_tokens"]
    assert line["seconds"] >= line["first_token_seconds"] >= line["wait_seconds"] >= 0
    assert "client_gone" not in line


def test_a_key_without_a_name_is_named_by_its_place(logged: RunningServer) -> None:
    headers = {"authorization": "Bearer other-key"}
    answer = logged.post("/v1/chat/completions", chat_body(max_tokens=1), headers)

    assert request_line(logged, answer.headers["x-request-id"])["key"] == "auth.key_file:2"


def test_a_refused_request_is_logged_with_its_error(
    logged: RunningServer, client: httpx.Client
) -> None:
    unknown = client.post("/v1/chat/completions", json=chat_body(model="nobody"))
    stranger = logged.post("/v1/chat/completions", chat_body())

    line = request_line(logged, unknown.headers["x-request-id"])
    assert (line["status"], line["error"], line["finish"]) == (404, "model_not_found", "error")
    assert request_line(logged, stranger.headers["x-request-id"])["status"] == 401


def test_no_log_shows_a_prompt_or_a_key_even_at_debug_level(
    logged: RunningServer, client: httpx.Client
) -> None:
    answer = client.post("/v1/chat/completions", json=chat_body(PROMPT, stream=True))
    request_line(logged, answer.headers["x-request-id"])

    log = logged.log.read_text()
    assert "Flint" not in log
    assert KEY not in log
    assert '"delta"' not in log


def test_workers_lines_carry_their_engine_and_uvicorn_is_quiet(logged: RunningServer) -> None:
    def output() -> list[dict[str, Any]]:
        return [entry for entry in logged.log_entries() if entry["event"] == "worker output"]

    engines = {engine["name"] for engine in logged.health()["engines"]}
    wait_until(lambda: {entry["engine"] for entry in output()} == engines)
    assert {entry["level"] for entry in output()} == {"debug"}
    assert not [x for x in logged.log_entries() if x["logger"].startswith("uvicorn")]


def test_prompts_and_answers_are_logged_where_the_configuration_says_so(tmp_path: Path) -> None:
    config = '[log]\nlevel = "debug"\nformat = "json"\nprompts = true\n'
    with running_server(tmp_path, config + tiny_model()) as server:
        body = chat_body(PROMPT, max_tokens=3)
        answer = server.post("/v1/chat/completions", body)
        request_line(server, answer.headers["x-request-id"])
        text = answer.json()["choices"][0]["message"]["content"]

    (entry,) = [entry for entry in server.log_entries() if entry["event"] == "text"]
    assert PROMPT in entry["prompt"]
    assert entry["answer"] == text
    assert entry["level"] == "debug"


def test_a_client_that_leaves_is_logged_as_gone(standin_library: Path, tmp_path: Path) -> None:
    script: ModelScript = slow_script()
    config = '[log]\nformat = "json"\n' + standin_model(standin_library, tmp_path, script)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        headers = {"x-request-id": "leaves"}
        with open_stream(client, chat_body("Count", model="pico"), headers) as stream:
            stream.text()

        line = request_line(server, "leaves")
    assert (line["client_gone"], line["finish"], line["status"]) == (True, "abort", 200)


def test_timings_stand_in_the_answer_that_asked_for_them(http: httpx.Client) -> None:
    body = http.post("/v1/chat/completions", json=chat_body(timings=True)).json()
    text = http.post("/v1/completions", json=completion_body(timings=True, max_tokens=4)).json()
    without = http.post("/v1/chat/completions", json=chat_body()).json()

    for answer in (body, text):
        timings, usage = answer["timings"], answer["usage"]
        assert timings["prompt_n"] + timings["cache_n"] == usage["prompt_tokens"]
        assert timings["predicted_n"] == usage["completion_tokens"]
        assert timings["predicted_per_second"] > 0
    assert "timings" not in without


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
@pytest.mark.parametrize("usage", [False, True])
def test_timings_stand_in_the_last_chunk_of_a_stream(
    http: httpx.Client, path: str, usage: bool
) -> None:
    make = chat_body if path.endswith("chat/completions") else completion_body
    options = {"include_usage": usage}

    chunks = stream_chunks(http, path, make(timings=True, max_tokens=4, stream_options=options))

    assert [index for index, chunk in enumerate(chunks) if "timings" in chunk] == [len(chunks) - 1]
    assert (chunks[-1].get("usage") is not None) == usage

"""picoLLM models over a real server: two devices, text, log probabilities, refusals."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, Top, read_journal
from tests.support.models import ACCESS_KEY
from tests.support.server import START_SECONDS, RunningServer, running_server, wait_until
from tests.support.wire import chat_body, chat_text, error_of, stream_chunks

PATH: Final = "/v1/chat/completions"
TWO_GPUS: Final = "gpu:0 - Card A;gpu:1 - Card B;cpu:[0-8] - CPU (8 threads)"
TEXT: Final = "👩‍👩‍👧‍👦 日本語、한국어 e\u0301a\u0300 🏳️‍🌈 end."
SCRIPT: Final = ModelScript(
    model="qwen-2.5-500m-instruct [5.90 v1]",
    eos="<|im_end|>",
    context_length=200,
    journal="journal",
    replies=[
        *(Reply(match_last=f"cut {i}.", text=TEXT, piece_bytes=i) for i in (1, 2, 3, 5)),
        Reply(match_last="stop", text="one, two, three"),
        Reply(
            match_last="emoji",
            pieces=["I", b" \xf0\x9f", b"\x98\x80", "!"],
            log_probs=[(0, -0.5), (1, -1.0), (2, -0.25), (3, -2.0)],
            top=[
                Top(piece=1, log_prob=-1.0, token=b" \xf0\x9f"),
                Top(piece=1, log_prob=-3.0, token=b"\xe2"),
            ],
        ),
        Reply(match_last="seed", variants=[f"draw {i}" for i in range(8)], text="none"),
        Reply(match_last="slow", text="from {device}", delay_seconds=0.3),
        Reply(text="from {device}"),
    ],
)


def entry(library: Path, path: Path, *, name: str, devices: str) -> str:
    return f"""
[[models]]
name = "{name}"
engine = "picollm"
path = {json.dumps(str(path))}
devices = {devices}
library_path = {json.dumps(str(library))}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("picollm")


@pytest.fixture(scope="module")
def server(standin_library: Path, folder: Path) -> Generator[RunningServer, None, None]:
    config = entry(standin_library, SCRIPT.write(folder / "m.pllm"), name="pico", devices='"gpu"')
    environment = ACCESS_KEY | {"PICOLLM_STANDIN_DEVICES": TWO_GPUS}
    with running_server(folder, config, environment=environment) as server:
        server.wait_engines()
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert ACCESS_KEY["PICOVOICE_ACCESS_KEY"] not in log


@pytest.fixture(scope="module")
def pico(server: RunningServer) -> Generator[httpx.Client, None, None]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def body(text: str, **fields: Any) -> dict[str, Any]:
    return chat_body(text, model="pico", **fields)


def choice_of(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post(PATH, json=body(text, **fields))
    assert response.status_code == 200, response.text
    choice: dict[str, Any] = response.json()["choices"][0]
    return choice


def test_every_listed_gpu_has_its_engine(server: RunningServer) -> None:
    engines = server.health()["engines"]

    assert [engine["device"] for engine in engines] == ["gpu:0", "gpu:1"]
    assert {engine["state"] for engine in engines} == {"ready"}


def test_choices_run_on_both_engines(pico: httpx.Client) -> None:
    answer = pico.post(PATH, json=body("slow", n=2)).json()

    texts = {choice["message"]["content"] for choice in answer["choices"]}
    assert texts == {"from gpu:0", "from gpu:1"}


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_text_is_whole_in_json_and_stream(pico: httpx.Client, size: int) -> None:
    choice = choice_of(pico, f"cut {size}.")
    chunks = stream_chunks(pico, PATH, body(f"cut {size}."))

    assert choice["message"]["content"] == chat_text(chunks) == TEXT
    assert choice["finish_reason"] == chunks[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("limit", [2**31, 2**64])
def test_limit_beyond_any_context_is_the_context(
    pico: httpx.Client, server: RunningServer, limit: int
) -> None:
    choice = choice_of(pico, "cut 1.", max_tokens=limit)
    text = pico.post(
        "/v1/completions", json={"model": "pico", "prompt": "cut 1.", "max_tokens": limit}
    )

    assert choice["message"]["content"] == text.json()["choices"][0]["text"] == TEXT
    assert {engine["restarts"] for engine in server.health()["engines"]} == {0}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 30])
def test_text_cut_at_the_limit_is_a_beginning_of_it(pico: httpx.Client, limit: int) -> None:
    choice = choice_of(pico, "cut 1.", max_tokens=limit)
    chunks = stream_chunks(pico, PATH, body("cut 1.", max_tokens=limit))

    assert choice["message"]["content"] == chat_text(chunks)
    assert TEXT.startswith(choice["message"]["content"])
    assert choice["finish_reason"] == chunks[-1]["choices"][0]["finish_reason"] == "length"


def test_end_token_is_not_shown_but_counted(pico: httpx.Client) -> None:
    answer = pico.post(PATH, json=body("hello", max_tokens=50)).json()

    assert "<|" not in answer["choices"][0]["message"]["content"]
    # from, gpu, :, 0, end
    assert answer["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize("stop", ["two", ["three", ", t"], ["e, t"]])
def test_stop_phrase_is_never_shown(pico: httpx.Client, stop: Any) -> None:
    choice = choice_of(pico, "stop", stop=stop)
    chunks = stream_chunks(pico, PATH, body("stop", stop=stop))

    phrases = [stop] if isinstance(stop, str) else stop
    expected = min(("one, two, three".partition(phrase)[0] for phrase in phrases), key=len)
    assert choice["message"]["content"] == chat_text(chunks) == expected
    assert choice["finish_reason"] == chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_log_probabilities_in_json_and_stream(pico: httpx.Client) -> None:
    fields = {"logprobs": True, "top_logprobs": 2}
    content = choice_of(pico, "emoji", **fields)["logprobs"]["content"]
    streamed = [
        token
        for chunk in stream_chunks(pico, PATH, body("emoji", **fields))
        for choice in chunk["choices"]
        for token in (choice["logprobs"] or {}).get("content") or []
    ]

    assert streamed == content
    assert [bytes(token["bytes"]) for token in content] == [b"I", b" \xf0\x9f", b"\x98\x80", b"!"]
    assert [token["logprob"] for token in content] == [-0.5, -1.0, -0.25, -2.0]
    assert {bytes(t["bytes"]): t["logprob"] for t in content[1]["top_logprobs"]} == {
        b" \xf0\x9f": -1.0,
        b"\xe2": -3.0,
    }


def test_log_probabilities_stop_where_the_text_does(pico: httpx.Client) -> None:
    choice = choice_of(pico, "stop", stop=", two", logprobs=True)

    assert [token["token"] for token in choice["logprobs"]["content"]] == ["one"]


def test_seed_makes_draws_reproducible(pico: httpx.Client) -> None:
    fields = {"n": 4, "seed": 2**40 + 3}
    first, second = (pico.post(PATH, json=body("seed", **fields)).json() for _ in range(2))

    texts = [choice["message"]["content"] for choice in first["choices"]]
    assert texts == [choice["message"]["content"] for choice in second["choices"]]
    assert len(set(texts)) == 4


@pytest.mark.parametrize("field", ["presence_penalty", "frequency_penalty"])
def test_penalty_below_zero_is_refused(pico: httpx.Client, folder: Path, field: str) -> None:
    before = len(read_journal(folder / "journal", "generate"))
    response = pico.post(PATH, json=body("hello", **{field: -0.5}))

    error = error_of(response)
    assert (response.status_code, error["code"]) == (400, "unsupported_value")
    assert error["param"] == field
    assert len(read_journal(folder / "journal", "generate")) == before


def test_image_names_the_missing_capability(pico: httpx.Client) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]
    response = pico.post(PATH, json={"model": "pico", "messages": messages})

    error = error_of(response)
    assert (response.status_code, error["code"]) == (400, "unsupported_value")
    assert error["param"] == "messages[0].content[1]"
    assert "'vision'" in error["message"]


def test_prompt_that_does_not_fit_is_told_with_both_counts(pico: httpx.Client) -> None:
    response = pico.post(PATH, json=body(" word" * 300))

    error = error_of(response)
    assert (response.status_code, error["code"]) == (400, "context_length_exceeded")
    assert error["param"] == "messages"
    assert "200 tokens" in error["message"]


def test_sampling_of_the_request_reaches_the_library(pico: httpx.Client, folder: Path) -> None:
    choice_of(pico, "hello", temperature=0.5, top_p=0.25, presence_penalty=1.5, max_tokens=3)

    last = read_journal(folder / "journal", "generate")[-1]
    assert (last["temperature"], last["top_p"], last["presence_penalty"]) == (0.5, 0.25, 1.5)


def test_missing_gpu_names_the_driver_and_the_server_stays(
    standin_library: Path, tmp_path: Path
) -> None:
    path = ModelScript().write(tmp_path / "m.pllm")
    config = entry(standin_library, path, name="onegpu", devices='"gpu"')
    config += entry(standin_library, path, name="named", devices='["gpu:0"]')
    config += entry(standin_library, path, name="cpu", devices='["cpu:1"]')
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: _answers(server, "cpu"), START_SECONDS)
        for model in ("onegpu", "named"):
            wait_until(lambda name=model: "R575" in _message(server, name))
        assert server.get("/health/ready").status_code == 503


def _post(server: RunningServer, model: str) -> httpx.Response:
    return server.post(PATH, chat_body("hello", model=model))


def _answers(server: RunningServer, model: str) -> bool:
    try:
        return _post(server, model).status_code == 200
    except httpx.TransportError:
        return False


def _message(server: RunningServer, model: str) -> str:
    response = _post(server, model)
    assert response.status_code == 503
    message: str = error_of(response)["message"]
    return message

"""Tokens without generating: counted and listed as the engines count them."""

import json
import os
import signal
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import (
    ACCESS_KEY,
    MODEL,
    file_with_template,
    slow_script,
    standin_model,
    tiny_model,
)
from tests.support.processes import frozen_workers, wait_idle
from tests.support.server import running_server, wait_until
from tests.support.wire import chat_body, completion_body, error_of, open_stream

PATH = "/v1/chat/completions"
TEXT = {"model": "pico", "prompt": "one two"}
SCRIPT = ModelScript(
    model="llama-3.2-1b-instruct [3.85 v1]",
    context_length=300,
    journal="journal",
    journal_prompts=True,
    replies=[
        Reply(match_last="slow", count=100_000, tokens_per_second=100),
        Reply(text="Hi."),
    ],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def pico(standin_library: Path, folder: Path) -> Generator[httpx.Client, None, None]:
    config = standin_model(standin_library, folder, SCRIPT)
    with (
        running_server(folder, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        yield client


def body(**fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "こんにちは, how are you?"},
    ]
    return {"model": "pico", "messages": messages, **fields}


def test_count_is_what_the_engine_then_reports(pico: httpx.Client, folder: Path) -> None:
    counted = pico.post(f"{PATH}/input_tokens", json=body())
    usage = pico.post(PATH, json=body()).json()["usage"]

    assert counted.json() == {
        "object": "response.input_tokens",
        "input_tokens": usage["prompt_tokens"],
    }


def test_a_prompt_begins_once_whoever_begins_it(tmp_path: Path) -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
        "{{ eos_token }}\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    config = tiny_model(name="plain", path=file_with_template(tmp_path, source))
    config += tiny_model(name="begun", path=file_with_template(tmp_path, source, adds_bos=True))
    config += tiny_model(name="configured") + f"chat_template = {json.dumps(source)}\n"
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    prompts, counts = {}, set()
    with (
        running_server(tmp_path, config) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        server.wait_engines()
        for model in ("plain", "begun", "configured"):
            asked = {"model": model, "messages": messages}
            prompts[model] = client.post(f"{PATH}/render", json=asked).json()["prompt"]
            counted = client.post(f"{PATH}/input_tokens", json=asked).json()
            counts.add(counted["input_tokens"])

    rest = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes?<|im_end|>\n"
    assert prompts["begun"] == f"{rest}<|im_start|>assistant\n"
    assert prompts["plain"] == prompts["configured"] == f"<|endoftext|>{prompts['begun']}"
    assert len(counts) == 1


def test_rendered_prompt_is_the_one_that_the_engine_reads(pico: httpx.Client, folder: Path) -> None:
    rendered = pico.post(f"{PATH}/render", json=body(stop="X")).json()
    pico.post(PATH, json=body())

    assert rendered["prompt"] == read_journal(folder / "journal", "generate")[-1]["prompt"]
    assert rendered["prompt"].startswith("<|begin_of_text|>")
    assert {"X", "<|eot_id|>"} <= set(rendered["stop"])
    assert rendered["model"] == "pico"


def test_tokens_of_messages_are_those_of_the_rendered_prompt(pico: httpx.Client) -> None:
    prompt = pico.post(f"{PATH}/render", json=body()).json()["prompt"]

    of_messages = pico.post("/tokenize", json=body()).json()
    of_prompt = pico.post("/tokenize", json={"model": "pico", "prompt": prompt}).json()

    assert of_messages == of_prompt
    assert of_prompt["count"] == len(of_prompt["tokens"])
    assert of_prompt["max_model_len"] == 300
    assert all(isinstance(token, int) for token in of_prompt["tokens"])


def test_same_words_are_the_same_tokens(pico: httpx.Client) -> None:
    answer = pico.post("/tokenize", json={"model": "pico", "prompt": "ab cd cd"}).json()

    assert answer["tokens"][-1] == answer["tokens"][-2]


def test_llamacpp_tells_the_tokens_that_a_job_is_charged_for(
    http: httpx.Client, model: str
) -> None:
    text = "Once upon a time, once upon<|im_end|>"
    answer = http.post("/tokenize", json={"model": model, "prompt": text}).json()
    usage = http.post(
        "/v1/completions", json={"model": model, "prompt": text, "max_tokens": 1}
    ).json()["usage"]

    assert answer["count"] == len(answer["tokens"]) == usage["prompt_tokens"]
    end = http.post("/tokenize", json={"model": model, "prompt": "<|im_end|>"}).json()
    assert end["tokens"] == answer["tokens"][-1:]


def test_counting_takes_nothing_from_what_an_engine_remembers(tmp_path: Path) -> None:
    prompt = "Once upon a time there was a sea. " * 20
    with running_server(tmp_path, tiny_model(prompt_cache_mib=0)) as server:

        def cached() -> int:
            body = completion_body(prompt=prompt, max_tokens=1)
            usage = server.post("/v1/completions", body).json()["usage"]
            return int(usage["prompt_tokens_details"]["cached_tokens"])

        cached()
        before = cached()
        counted = server.post("/tokenize", {"model": MODEL, "prompt": "Something else. " * 20})
        after = cached()

    assert counted.json()["count"] > 20
    assert after == before > 100


def test_whoever_talks_waits_for_one_text_to_be_tokenized_and_not_for_all(
    standin_library: Path, tmp_path: Path
) -> None:
    config = "[server]\ncommit_seconds = 0.1\n[pool]\nmax_waiting = 2\n"
    config += standin_model(standin_library, tmp_path, slow_script())
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor() as threads,
    ):
        with ExitStack() as stack:
            with frozen_workers(server):
                texts = [threads.submit(client.post, "/tokenize", json=TEXT)]
                wait_until(lambda: server.busy() == 1)
                texts += [threads.submit(client.post, "/tokenize", json=TEXT) for _ in range(2)]
                wait_until(lambda: server.waiting() == 2)
                refused = client.post("/tokenize", json=TEXT)
                talking = stack.enter_context(open_stream(client, chat_body("Go!", model="pico")))
                assert server.waiting() == 3
            assert talking.text() == "word0"
            assert texts[0].result().json()["count"] == 2
            # The one engine is the conversation's until its client leaves.
            assert [text.done() for text in texts] == [True, False, False]
        assert [text.result().status_code for text in texts] == [200, 200, 200]

    assert (refused.status_code, error_of(refused)["code"]) == (503, "server_is_overloaded")
    assert int(refused.headers["retry-after"]) >= 1


def test_the_longest_wait_is_for_the_turn_and_the_line_together(
    standin_library: Path, tmp_path: Path
) -> None:
    config = "[pool]\nmax_wait_seconds = 1.5\n"
    config += standin_model(standin_library, tmp_path, slow_script())
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor() as threads,
        open_stream(client, chat_body("Go!", model="pico")) as talking,
    ):
        talking.text()
        first = threads.submit(client.post, "/tokenize", json=TEXT)
        wait_until(lambda: server.waiting() == 1)
        # Its turn comes when the first one has given up, shortly before its own time is over.
        second = threads.submit(client.post, "/tokenize", json=TEXT)
        refusals = [first.result(), second.result()]

    assert [refusal.status_code for refusal in refusals] == [503, 503]
    assert ["for 1.5 s." in error_of(refusal)["message"] for refusal in refusals] == [True, True]
    assert max(refusal.elapsed.total_seconds() for refusal in refusals) < 2.5


def test_clients_that_leave_while_a_text_is_tokenized_cost_no_engine(
    standin_library: Path, tmp_path: Path
) -> None:
    config = "[pool]\ninterrupt_seconds = 0.1\n"
    config += standin_model(standin_library, tmp_path, SCRIPT)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        ThreadPoolExecutor(1) as threads,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        with frozen_workers(server):
            first = threads.submit(client.post, "/tokenize", json=TEXT)
            wait_until(lambda: server.busy() == 1)
            for path, asked in [
                ("/tokenize", TEXT),
                (PATH, body()),
                (f"{PATH}/input_tokens", body()),
            ]:
                with pytest.raises(httpx.ReadTimeout):
                    client.post(path, json=asked, timeout=0.5)
                wait_until(lambda: server.waiting() == 0)
            assert server.busy() == 1

        assert first.result().json()["count"] == 2
        wait_idle(server)
        assert client.post(PATH, json=body()).status_code == 200
        assert server.health()["engines"][0]["restarts"] == 0


def test_text_whose_engine_dies_is_tokenized_by_its_successor(
    standin_library: Path, tmp_path: Path
) -> None:
    config = standin_model(standin_library, tmp_path, SCRIPT)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        ThreadPoolExecutor(1) as threads,
    ):
        with frozen_workers(server) as [pid]:
            answer = threads.submit(httpx.post, f"{server.url}/tokenize", json=TEXT, timeout=20)
            wait_until(lambda: server.busy() == 1)
            os.kill(pid, signal.SIGKILL)

        assert answer.result().json()["count"] == 2


@pytest.mark.parametrize(
    ("path", "wrong", "param"),
    [
        ("/tokenize", {"model": "pico"}, "prompt"),
        ("/tokenize", {"model": "pico", "prompt": 5}, "prompt"),
        ("/tokenize", {"model": "pico", "prompt": "a\0b"}, "prompt"),
        ("/tokenize", {"model": "pico", "messages": []}, "messages"),
        ("/tokenize", {"model": "pico", "prompt": "x" * 60_000}, "prompt"),
        (f"{PATH}/input_tokens", {"model": "pico"}, "messages"),
        (f"{PATH}/render", chat_body("x", model="nobody"), "model"),
    ],
)
def test_wrong_request_names_its_field(
    pico: httpx.Client, path: str, wrong: dict[str, Any], param: str
) -> None:
    response = pico.post(path, json=wrong)

    assert response.status_code in {400, 404}
    assert error_of(response)["param"] == param


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("/tokenize", {"model": "pico", "prompt": "x", "add_special_tokens": False}, True),
        ("/tokenize", body(add_special_tokens=False), True),
        ("/tokenize", body(temperature=1, tools=[]), False),
        (f"{PATH}/input_tokens", body(add_special_tokens=False), True),
        (f"{PATH}/render", body(add_special_tokens=False), True),
        (f"{PATH}/render", body(stop="X", user="u"), False),
    ],
)
def test_unknown_fields_are_named(
    pico: httpx.Client, path: str, asked: dict[str, Any], named: bool
) -> None:
    response = pico.post(path, json=asked)

    assert response.status_code == 200
    expected = "add_special_tokens" if named else None
    assert response.headers.get("x-picoserve-ignored") == expected

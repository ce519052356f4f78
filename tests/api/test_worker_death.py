"""Engines that die: jobs that had not spoken move on, the others are told, the engine returns."""

import os
import signal
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmarks.endless_model import write_endless_model
from tests.standin.model_script import Reply, Status
from tests.support.models import ACCESS_KEY, SHIPPED, slow_script, standin_model, tiny_model
from tests.support.processes import frozen_workers, wait_idle, worker_pids
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of, open_stream, unread

PATH = "/v1/chat/completions"
PATIENT = """
[pool]
backoff_seconds = 0.05
max_backoff_seconds = 0.1
max_failures = 100
interrupt_seconds = 1.0
"""
ADMIN = '[auth]\nadmin_keys = ["the-admin-key"]\n'
LONG = chat_body("Count!", model="pico")
BRIEF = chat_body("Be brief.", model="pico")


@pytest.fixture(scope="module")
def mortal(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """Two engines that die when they are asked to."""
    folder = tmp_path_factory.mktemp("mortal")
    script = slow_script(
        replies=[
            Reply(match="die once", times=1, crash_after=0, text="x"),
            Reply(match="die once", text="Alive."),
            Reply(match="die twice", times=2, abort_after=0, text="x"),
            Reply(match="die late", crash_after=3, count=100),
            Reply(match="leave late", exit_after=(2, 0), count=100),
            Reply(match="fail first", status_after=(0, Status.RUNTIME_ERROR), text="x"),
            Reply(match="fail late", status_after=(2, Status.RUNTIME_ERROR), count=100),
            Reply(
                match="fail fast",
                status_after=(2, Status.RUNTIME_ERROR),
                count=100,
                tokens_per_second=1e6,
            ),
            Reply(match="deaf", deaf=True, count=50_000),
            Reply(match="say bye", deaf=True, text="Good bye. STOP" + " and more" * 200),
            Reply(
                match="drop dead",
                deaf=True,
                crash_after=8,
                text="Good bye. STOP" + " and more" * 200,
            ),
        ]
    )
    config = PATIENT + standin_model(standin_library, folder, script, engines=2)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log
    assert ACCESS_KEY["PICOVOICE_ACCESS_KEY"] not in log


@pytest.fixture(scope="module")
def resting(
    standin_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """One engine, which stays away when it has died until a person asks for it."""
    folder = tmp_path_factory.mktemp("resting")
    config = f"[pool]\nbackoff_seconds = 600\nmax_backoff_seconds = 600\n{ADMIN}"
    config += standin_model(standin_library, folder, slow_script())
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


def restart(server: RunningServer) -> None:
    """What a person does."""
    headers = {"authorization": "Bearer the-admin-key"}
    assert server.post("/admin/engines/pico@cpu:1/restart", {}, headers).is_success


@pytest.fixture
def client(mortal: RunningServer) -> Generator[httpx.Client, None, None]:
    wait_whole(mortal)
    with httpx.Client(base_url=mortal.url, timeout=20) as client:
        yield client


def wait_whole(server: RunningServer) -> None:
    """Return once both engines are ready and idle."""
    server.wait_engines()
    wait_idle(server)


def restarts(server: RunningServer) -> int:
    return sum(engine["restarts"] for engine in server.health()["engines"])


@pytest.mark.parametrize("stream", [True, False])
def test_job_whose_engine_dies_before_the_first_piece_is_answered_by_another(
    mortal: RunningServer, client: httpx.Client, stream: bool
) -> None:
    before = restarts(mortal)
    (mortal.log.parent / "pico.pllm.reply0").unlink(missing_ok=True)

    response = client.post(PATH, json=chat_body("die once", model="pico", stream=stream))

    assert response.status_code == 200
    assert "Alive" in response.text
    wait_until(lambda: restarts(mortal) == before + 1)


def test_job_that_kills_two_engines_is_given_up(
    mortal: RunningServer, client: httpx.Client
) -> None:
    before = restarts(mortal)

    response = client.post(PATH, json=chat_body("die twice", model="pico"))

    assert response.status_code == 500
    assert (error_of(response)["type"], error_of(response)["code"]) == (
        "server_error",
        "engine_error",
    )
    wait_until(lambda: restarts(mortal) == before + 2)


@pytest.mark.parametrize("prompt", ["die late", "leave late", "fail late"])
def test_stream_whose_engine_fails_after_text_ends_with_an_error(
    mortal: RunningServer, client: httpx.Client, prompt: str
) -> None:
    with open_stream(client, chat_body(prompt, model="pico")) as stream:
        assert stream.text() == "word0"
        lines = [line for line in stream.lines if line]

    assert "engine_error" in lines[-1]
    assert not any('finish_reason":"' in line or "[DONE]" in line for line in lines)


def test_text_that_comes_together_with_a_failure_is_not_lost(
    mortal: RunningServer, client: httpx.Client
) -> None:
    for _ in range(20):
        with open_stream(client, chat_body("fail fast", model="pico")) as stream:
            assert stream.text() == "word0"
            assert "engine_error" in [line for line in stream.lines if line][-1]


@pytest.mark.parametrize("prompt", ["die late", "fail first", "fail late"])
def test_json_request_whose_engine_fails_is_a_500(
    mortal: RunningServer, client: httpx.Client, prompt: str
) -> None:
    response = client.post(PATH, json=chat_body(prompt, model="pico"))

    assert response.status_code == 500
    assert error_of(response)["code"] == "engine_error"


def test_stream_that_fails_before_its_first_text_is_a_status(
    mortal: RunningServer, client: httpx.Client
) -> None:
    with open_stream(client, chat_body("fail first", model="pico")) as stream:
        stream.response.read()
        failed_at_once = stream.response.status_code == 500

    # picoLLM says that it has begun before it evaluates the prompt.
    assert failed_at_once or "engine_error" in stream.response.text


def test_worker_killed_while_it_speaks_comes_back(
    mortal: RunningServer, client: httpx.Client
) -> None:
    before = restarts(mortal)
    with open_stream(client, LONG) as first, open_stream(client, LONG) as second:
        first.text()
        second.text()
        for pid in worker_pids(mortal):
            os.kill(pid, signal.SIGKILL)
        for stream in (first, second):
            *_, last = stream.events()
            assert last["error"]["code"] == "engine_error"

    wait_until(lambda: restarts(mortal) == before + 2)
    wait_whole(mortal)
    assert client.post(PATH, json=BRIEF).status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_worker_that_dies_before_it_begins_a_job_does_not_use_up_the_jobs_second_chance(
    mortal: RunningServer, client: httpx.Client, stream: bool
) -> None:
    before = restarts(mortal)
    (mortal.log.parent / "pico.pllm.reply0").unlink(missing_ok=True)
    body = chat_body("die once", model="pico", stream=stream)

    with ThreadPoolExecutor(1) as threads:
        with frozen_workers(mortal) as pids:
            answer = threads.submit(client.post, PATH, json=body)
            wait_until(lambda: mortal.busy() == 1)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        assert "Alive" in answer.result(20).text

    wait_until(lambda: restarts(mortal) == before + 3)


def test_idle_worker_that_is_killed_costs_no_request(
    mortal: RunningServer, client: httpx.Client
) -> None:
    os.kill(worker_pids(mortal)[0], signal.SIGKILL)

    for _ in range(4):
        assert client.post(PATH, json=BRIEF).json()["choices"][0]["message"]["content"] == "Yes."


def test_request_that_finds_no_engine_waits_for_one_to_come_back(resting: RunningServer) -> None:
    resting.wait_engines()
    (pid,) = worker_pids(resting)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: resting.get("/health/ready").status_code == 503)

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(resting.post, PATH, BRIEF)
        wait_until(lambda: resting.waiting() == 1)
        restart(resting)

        assert answer.result().json()["choices"][0]["message"]["content"] == "Yes."


def test_client_in_line_is_served_by_the_engine_that_comes_back(
    mortal: RunningServer, client: httpx.Client
) -> None:
    with (
        open_stream(client, LONG) as first,
        open_stream(client, LONG) as second,
        open_stream(client, BRIEF) as third,
    ):
        first.text()
        second.text()
        assert mortal.waiting() == 1
        os.kill(worker_pids(mortal)[0], signal.SIGKILL)
        assert third.text() == "Yes"


def test_worker_deaf_to_its_interrupt_is_replaced(
    mortal: RunningServer, client: httpx.Client
) -> None:
    before = restarts(mortal)
    with open_stream(client, chat_body("deaf", model="pico")) as stream:
        stream.text()

    wait_until(lambda: restarts(mortal) == before + 1)
    wait_whole(mortal)


@pytest.mark.parametrize("prompt", ["say bye", "drop dead"])
def test_whole_reply_is_no_error_when_its_engine_does_not_end_it(
    client: httpx.Client, prompt: str
) -> None:
    # Only the server looks for a stop phrase where there are tools.
    tools = [{"type": "function", "function": {"name": "f"}}]
    body = chat_body(prompt, model="pico", stop=["STOP"], tools=tools)

    answer = client.post(PATH, json=body).json()

    assert answer["choices"][0]["message"]["content"] == "Good bye. "
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["prompt_tokens"] > 0
    assert answer["usage"]["completion_tokens"] > 0


def test_worker_that_hangs_is_replaced_once_its_client_leaves(
    mortal: RunningServer, client: httpx.Client
) -> None:
    before = restarts(mortal)
    with frozen_workers(mortal), unread(mortal, BRIEF):
        wait_until(lambda: mortal.busy() == 1)
    with frozen_workers(mortal):
        with unread(mortal, BRIEF):
            wait_until(lambda: mortal.busy() > 0)
        wait_until(lambda: restarts(mortal) > before)


def test_health_tells_what_happened_to_an_engine(resting: RunningServer) -> None:
    def engine() -> dict[str, Any]:
        (row,) = resting.health()["engines"]
        return dict(row)

    resting.wait_engines()
    (pid,) = worker_pids(resting)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: engine()["state"] == "restarting")
    assert "signal 9" in engine()["problem"]

    restart(resting)
    wait_until(lambda: (engine()["state"], engine()["problem"]) == ("ready", ""))


def test_llamacpp_worker_killed_while_it_works_is_replaced(tmp_path: Path) -> None:
    # An answer that had ended by itself would run into no error.
    endless = write_endless_model(SHIPPED, tmp_path / "endless.gguf")
    config = PATIENT + tiny_model(path=endless)
    with (
        running_server(tmp_path, config) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        with open_stream(client, chat_body("Tell me a story.")) as stream:
            stream.text()
            (pid,) = worker_pids(server)
            os.kill(pid, signal.SIGKILL)
            *_, last = stream.events()
        assert "error" in last
        assert client.post(PATH, json=chat_body(max_tokens=1)).status_code == 200
        assert server.health()["engines"][0]["restarts"] == 1

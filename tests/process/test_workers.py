"""Real worker processes under a real server: how they fail, and what becomes of the jobs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, Status, read_journal
from tests.support.models import ACCESS_KEY, standin_model, tiny_model
from tests.support.processes import all_gone, frozen_workers, wait_idle, worker_pids
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import Body, chat_body, completion_body, error_of, open_stream

CHAT = "/v1/chat/completions"
INTERRUPT_SECONDS = 2.0
CONFIG = f"""
[server]
drain_seconds = 0.5
[pool]
interrupt_seconds = {INTERRUPT_SECONDS}
backoff_seconds = 0.05
"""

Serve = Callable[..., AbstractContextManager[RunningServer]]


@pytest.fixture
def serve(standin_library: Path, tmp_path: Path) -> Serve:
    """Starts a server with picoLLM engines on a script."""

    @contextmanager
    def start(
        script: ModelScript,
        *,
        engines: int = 1,
        wait: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Generator[RunningServer, None, None]:
        config = CONFIG + standin_model(standin_library, tmp_path, script, engines=engines)
        variables = ACCESS_KEY | dict(environment or {})
        with running_server(tmp_path, config, environment=variables, wait=wait) as server:
            yield server

    return start


def ask(server: RunningServer, text: str, **fields: Any) -> httpx.Response:
    body = chat_body(text, model="pico", **fields)
    return httpx.post(server.url + CHAT, json=body, timeout=20)


@contextmanager
def streaming(server: RunningServer) -> Generator[None, None, None]:
    """A client that has read a word; leaving the context hangs up."""
    with (
        httpx.Client(base_url=server.url, timeout=20) as client,
        open_stream(client, chat_body("go", model="pico")) as stream,
    ):
        stream.text()
        yield


@contextmanager
def asking(server: RunningServer, path: str, body: Body) -> Generator[None, None, None]:
    """A client that has asked and waits; leaving the context hangs up."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + data)
        yield


def leave_in_the_prompt(server: RunningServer) -> None:
    """Ask and hang up, each as soon as the journal tells that the engine has heard of it."""
    journal = server.log.parent / "journal"
    with asking(server, CHAT, chat_body("go", model="pico")):
        wait_until(lambda: read_journal(journal, "generate"))
    wait_until(lambda: read_journal(journal, "interrupt"))


def restarts(server: RunningServer) -> int:
    return sum(engine["restarts"] for engine in server.health()["engines"])


def script(*replies: Reply, **keys: Any) -> ModelScript:
    return ModelScript(replies=[*replies, Reply(text="Fine.")], journal="journal", **keys)


def test_job_of_a_worker_that_dies_before_it_speaks_runs_again(serve: Serve) -> None:
    faults: list[dict[str, Any]] = [
        {"crash_after": 0},
        {"abort_after": 0},
        {"exit_after": (0, 7)},
    ]
    replies = [Reply(match=f"go {i}", times=1, count=3, **f) for i, f in enumerate(faults)]
    with serve(script(*replies)) as server:
        for i in range(len(faults)):
            response = ask(server, f"go {i}")

            assert response.status_code == 200
            assert response.json()["choices"][0]["message"]["content"] == "Fine."
            assert restarts(server) == i + 1


def test_stream_of_a_worker_that_dies_while_it_speaks_ends_in_an_error(serve: Serve) -> None:
    with serve(script(Reply(match="go", times=1, count=9, crash_after=3))) as server:
        response = ask(server, "go", stream=True)

        assert response.status_code == 200
        assert "word2" in response.text
        assert '"code":"engine_error"' in response.text.replace(" ", "")
        assert ask(server, "again").json()["choices"][0]["message"]["content"] == "Fine."


def test_worker_deaf_to_its_interrupt_is_killed_and_started_again(serve: Serve) -> None:
    deaf = Reply(match="go", count=100_000, tokens_per_second=100, deaf=True)
    with serve(script(deaf)) as server:
        [pid] = worker_pids(server)
        with streaming(server):
            pass

        wait_until(lambda: all_gone([pid]))
        assert ask(server, "again").status_code == 200
        assert restarts(server) == 1


def test_client_that_leaves_during_a_long_prompt_costs_no_engine(
    serve: Serve, tmp_path: Path
) -> None:
    with serve(script(Reply(match="go", count=9, gate="gate"))) as server:
        leave_in_the_prompt(server)
        time.sleep(INTERRUPT_SECONDS + 0.5)  # longer than any other job may be deaf
        (tmp_path / "gate").touch()

        answer = ask(server, "again").json()

        assert answer["choices"][0]["message"]["content"] == "Fine."
        assert restarts(server) == 0


def test_engine_that_shows_itself_deaf_behind_its_prompt_is_killed(
    serve: Serve, tmp_path: Path
) -> None:
    deaf = Reply(match="go", count=100_000, tokens_per_second=100, gate="gate", deaf=True)
    with serve(script(deaf)) as server:
        [pid] = worker_pids(server)
        leave_in_the_prompt(server)
        (tmp_path / "gate").touch()

        wait_until(lambda: all_gone([pid]))
        assert ask(server, "again").status_code == 200


def test_job_that_must_wait_for_anothers_prompt_is_not_taken_for_deaf(tmp_path: Path) -> None:
    # llama.cpp reads one prompt to its end before it calls back for the other's job.
    config = '[log]\nlevel = "debug"\n' + CONFIG + tiny_model(slots=2, prompt_cache_mib=0)
    url = "/v1/completions"
    long = completion_body("hi there " * 700, max_tokens=200)
    with (
        running_server(tmp_path, config) as server,
        ThreadPoolExecutor(1) as threads,
        httpx.Client(base_url=server.url, timeout=50) as client,
    ):
        first = threads.submit(client.post, url, json=long)
        wait_until(lambda: "processing task" in server.log.read_text())
        with asking(server, url, completion_body("you are " * 20)):
            wait_until(lambda: server.busy() == 2)
        # As if the prompt took so long, on any machine.
        with frozen_workers(server):
            time.sleep(INTERRUPT_SECONDS + 0.5)

        assert first.result().status_code == 200, first.result().text
        assert restarts(server) == 0


def test_worker_that_hangs_is_killed_when_its_client_leaves(serve: Serve) -> None:
    with serve(script(Reply(match="go", count=9, hang_after=1))) as server:
        [pid] = worker_pids(server)
        with streaming(server):
            pass

        wait_until(lambda: all_gone([pid]))
        assert ask(server, "again").status_code == 200


def test_interrupt_that_came_too_early_is_repeated(serve: Serve, tmp_path: Path) -> None:
    slow = Reply(match="go", count=100_000, tokens_per_second=200, gate="gate")
    with serve(script(slow)) as server:
        leave_in_the_prompt(server)
        (tmp_path / "gate").touch()

        wait_idle(server)
        assert restarts(server) == 0
    phases = [entry["phase"] for entry in read_journal(tmp_path / "journal", "interrupt")]
    assert phases[0] == "prefill"
    assert "loop" in phases
    [end] = read_journal(tmp_path / "journal", "end")
    assert end["endpoint"] == "INTERRUPTED"


def test_workers_end_with_a_server_that_was_killed(serve: Serve) -> None:
    with serve(script(Reply(match="go", count=100_000, tokens_per_second=50)), engines=2) as server:
        server.wait_engines()
        pids = worker_pids(server)
        assert len(pids) == 2
        with streaming(server):
            server.process.kill()
            server.process.wait()

        wait_until(lambda: all_gone(pids))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel wakes orphans on Linux only")
def test_frozen_worker_ends_with_a_server_that_was_killed(serve: Serve) -> None:
    with serve(script()) as server:
        [pid] = worker_pids(server)
        os.kill(pid, signal.SIGSTOP)

        server.process.kill()

        wait_until(lambda: all_gone([pid]))


def test_worker_imports_nothing_of_the_web() -> None:
    heavy = {"fastapi", "starlette", "pydantic", "uvicorn", "asyncio", "jinja2", "typer", "httpx"}
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, picollm, picoserve.worker.process, picoserve.engine.loading;"
            "print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "picoserve.engine.picollm" in loaded
    assert not heavy & {name.partition(".")[0] for name in loaded}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_worker_has_no_key_where_other_processes_could_read_it(serve: Serve) -> None:
    keys = {
        "picoserve_auth__admin_keys": '["sk-secret"]',
        "OPENAI_API_KEY": "sk-secret",
        "LIVEKIT_API_SECRET": "sk-secret",
    }
    with serve(script(), environment=keys) as server:
        [pid] = worker_pids(server)
        seen = Path(f"/proc/{pid}/environ").read_text() + Path(f"/proc/{pid}/cmdline").read_text()

        assert ACCESS_KEY["PICOVOICE_ACCESS_KEY"] not in seen
        assert "sk-secret" not in seen


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_worker_that_aborts_prints_no_backtrace_of_all_its_threads(serve: Serve) -> None:
    with serve(script()) as server:
        [pid] = worker_pids(server)

        assert b"GGML_NO_BACKTRACE=1" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def test_end_at_activation_stops_the_engine_for_good(serve: Serve, tmp_path: Path) -> None:
    refused = Reply(
        match="go",
        count=9,
        status_after=(0, Status.ACTIVATION_LIMIT_REACHED),
        status_messages=["for " + ACCESS_KEY["PICOVOICE_ACCESS_KEY"]],
    )
    with serve(script(refused)) as server:
        [pid] = worker_pids(server)
        response = ask(server, "go")

        assert response.status_code == 503
        error = error_of(response)
        assert error["code"] == "model_unavailable"
        assert "limit" in error["message"]
        wait_until(lambda: server.health()["engines"][0]["state"] == "failed")
        assert all_gone([pid])
        assert httpx.get(f"{server.url}/health/ready").status_code == 503
        again = ask(server, "hello")
        assert (again.status_code, error_of(again)["code"]) == (503, "model_unavailable")
        everything = server.log.read_text() + httpx.get(f"{server.url}/health").text
        assert ACCESS_KEY["PICOVOICE_ACCESS_KEY"] not in everything + response.text
    assert len(read_journal(tmp_path / "journal", "init")) == 1


def test_refused_start_is_final_and_costs_one_activation(serve: Serve, tmp_path: Path) -> None:
    with serve(script(init_status=Status.ACTIVATION_REFUSED), wait=False) as server:
        wait_until(lambda: _state(server) == "failed", 45)

        response = ask(server, "hello")
        assert response.status_code == 503
        assert "refused" in error_of(response)["message"]
    assert len(read_journal(tmp_path / "journal", "init")) == 1


def test_engine_in_an_invalid_state_is_started_again(serve: Serve) -> None:
    broken = Reply(match="go", count=9, status_after=(0, Status.INVALID_STATE))
    with serve(script(broken)) as server:
        response = ask(server, "go")

        assert (response.status_code, error_of(response)["code"]) == (500, "engine_error")
        assert ask(server, "again").status_code == 200
        assert restarts(server) == 1


def test_model_without_context_caching_is_asked_for_it_once(serve: Serve, tmp_path: Path) -> None:
    without: dict[str, Any] = {"context_caching_unsupported": "generate", "context_caching": False}
    with serve(script(**without, init_delay_seconds=1.0)) as server:
        [pid] = worker_pids(server)
        with ThreadPoolExecutor(1) as pool:
            # The model is let go and loaded once more for this job; meanwhile its worker dies.
            asked = pool.submit(ask, server, "go")
            wait_until(lambda: read_journal(tmp_path / "journal", "delete"))
            os.kill(pid, signal.SIGKILL)
            assert asked.result().status_code == 200

        assert ask(server, "again").status_code == 200
        assert restarts(server) == 1
    # The last of them without caching, or a fourth would have followed.
    assert len(read_journal(tmp_path / "journal", "init")) == 3


def test_engine_goes_on_after_an_error_of_one_job(serve: Serve) -> None:
    replies = [
        Reply(match="memory", count=9, status_after=(0, Status.OUT_OF_MEMORY)),
        Reply(match="runtime", count=9, status_after=(0, Status.RUNTIME_ERROR)),
        Reply(match="argument", count=9, status_after=(0, Status.INVALID_ARGUMENT)),
    ]
    with serve(script(*replies)) as server:
        answers = [ask(server, word) for word in ("memory", "runtime", "argument")]

        assert [(a.status_code, error_of(a)["code"]) for a in answers] == [
            (503, "engine_out_of_memory"),
            (500, "engine_error"),
            (400, None),
        ]
        assert ask(server, "hello").status_code == 200
        assert restarts(server) == 0


def test_loading_engine_that_dies_is_tried_again(serve: Serve) -> None:
    with serve(script(init_crash=True, fail_inits=1)) as server:
        assert ask(server, "hello").status_code == 200
        assert restarts(server) == 1


def test_frozen_worker_ends_when_the_server_does(serve: Serve) -> None:
    with serve(script()) as server:
        [pid] = worker_pids(server)
        os.kill(pid, signal.SIGSTOP)

        assert server.stop() == 0
        assert all_gone([pid])


def _state(server: RunningServer) -> str:
    try:
        state: str = server.health()["engines"][0]["state"]
    except httpx.TransportError:
        return ""
    return state

"""What the pool does about workers that do not crash by themselves."""

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, standin_model
from tests.support.processes import worker_pids
from tests.support.server import RunningServer, running_server, wait_until
from tests.support.wire import chat_body, open_stream

POOL = """
[auth]
admin_keys = ["the-admin-key"]

[pool]
heartbeat_seconds = 0.1
silence_seconds = 2.0
first_piece_seconds = 3.0
next_piece_seconds = 2.0
interrupt_seconds = 2.0
backoff_seconds = 0.05
max_failures = 100
"""


def script(folder: Path) -> ModelScript:
    return ModelScript(
        context_length=10_000,
        journal="journal",
        replies=[
            Reply(match="go on", count=2000, tokens_per_second=10.0, interrupt_overshoot=10),
            Reply(match="hang now", text="never", hang_after=0),
            Reply(match="hang later", count=50, hang_after=3),
            Reply(match="hang once", text="Never heard.", hang_after=0, times=1),
            Reply(match="grow", text="Grown.", tokens_per_second=5.0),
            Reply(match="slowly", count=2000, tokens_per_second=10.0),
            Reply(text="Fine."),
        ],
    )


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, standin_library: Path
) -> Generator[RunningServer, None, None]:
    folder = tmp_path_factory.mktemp("supervision")
    config = POOL + standin_model(standin_library, folder, script(folder))
    with running_server(folder, config, environment=ACCESS_KEY) as running:
        yield running


def ask(server: RunningServer, text: str, *, stream: bool = False) -> httpx.Response:
    return httpx.post(
        f"{server.base_url}/chat/completions",
        json={
            "model": "pico",
            "stream": stream,
            "messages": [{"role": "user", "content": text}],
        },
        timeout=50,
    )


def replace_script_and_workers(server: RunningServer, folder: Path, script: ModelScript) -> None:
    """Whatever worker starts from now on reads this script."""
    script.write(folder / "pico.pllm")
    for pid in worker_pids(server):
        os.kill(pid, signal.SIGKILL)


def restarts(server: RunningServer) -> int:
    return sum(engine["restarts"] for engine in server.health()["engines"])


def wait_restarted(server: RunningServer, number: int) -> None:
    """Return once the server has as many restarts behind it, and its engines are ready again."""
    wait_until(lambda: restarts(server) == number, 30)
    server.wait_engines()


def test_frozen_worker_is_replaced_and_serves_again(server: RunningServer) -> None:
    before, (pid,) = restarts(server), worker_pids(server)

    os.kill(pid, signal.SIGSTOP)
    wait_restarted(server, before + 1)

    assert worker_pids(server) != [pid]
    assert ask(server, "Hello").json()["choices"][0]["message"]["content"] == "Fine."


def test_server_that_stood_still_does_not_blame_its_workers(server: RunningServer) -> None:
    before, pids = restarts(server), worker_pids(server)
    body = chat_body("slowly", model="pico")
    with httpx.Client(base_url=server.url, timeout=20) as client, open_stream(client, body) as told:
        told.text()
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)  # longer than any limit of a worker
        server.process.send_signal(signal.SIGCONT)
        words = [told.text() for _ in range(40)]

    assert all(words)
    assert (restarts(server), worker_pids(server)) == (before, pids)


def test_server_that_stood_still_takes_no_worker_for_deaf(server: RunningServer) -> None:
    before, pids = restarts(server), worker_pids(server)
    body = chat_body("go on", model="pico")
    with httpx.Client(base_url=server.url, timeout=20) as client, open_stream(client, body) as told:
        told.text()
    wait_until(lambda: read_journal(server.log.parent / "journal", "interrupt"))

    server.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # the job's last second, and longer than it may take
    server.process.send_signal(signal.SIGCONT)

    assert ask(server, "Hello").status_code == 200
    assert (restarts(server), worker_pids(server)) == (before, pids)


def test_job_that_hangs_before_its_first_piece_is_tried_once_more_and_then_fails(
    server: RunningServer,
) -> None:
    before = restarts(server)

    answer = ask(server, "hang now")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "engine_error"
    wait_restarted(server, before + 2)


def test_job_that_hangs_once_is_answered_by_its_second_try(server: RunningServer) -> None:
    before = restarts(server)

    answer = ask(server, "hang once")

    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "Fine."
    assert restarts(server) == before + 1


def test_stream_that_hangs_ends_in_an_error_event(server: RunningServer) -> None:
    before = restarts(server)

    answer = ask(server, "hang later", stream=True)

    lines = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    assert '"error"' in lines[-1]
    assert '"finish_reason":"stop"' not in answer.text
    wait_restarted(server, before + 1)


def test_admin_key_restarts_one_engine(server: RunningServer) -> None:
    before, (pid,) = restarts(server), worker_pids(server)
    url = f"{server.url}/admin/engines/pico@cpu:1/restart"

    stranger = httpx.post(url, headers={"authorization": "Bearer wrong"})
    admin = httpx.post(url, headers={"authorization": "Bearer the-admin-key"})

    assert stranger.status_code == 401
    assert admin.status_code == 202
    wait_restarted(server, before + 1)
    assert worker_pids(server) != [pid]
    assert ask(server, "Hello").status_code == 200


def test_unknown_engine_cannot_be_restarted(server: RunningServer) -> None:
    answer = httpx.post(
        f"{server.url}/admin/engines/nobody/restart",
        headers={"authorization": "Bearer the-admin-key"},
    )

    assert answer.status_code == 404


def test_request_that_waits_too_long_gets_503_with_retry_after(
    tmp_path: Path, standin_library: Path
) -> None:
    config = "[pool]\nmax_wait_seconds = 0.5\n"
    config += standin_model(standin_library, tmp_path, script(tmp_path))
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        body = {
            "model": "pico",
            "stream": True,
            "messages": [{"role": "user", "content": "slowly"}],
        }
        url = f"{running.base_url}/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=20) as busy:
            assert busy.status_code == 200
            wait_until(lambda: running.busy() == 1)

            waiting = ask(running, "Hello")

            assert waiting.status_code == 503
            assert waiting.json()["error"]["code"] == "server_is_overloaded"
            assert int(waiting.headers["retry-after"]) >= 1


def test_retry_after_grows_with_the_time_that_jobs_take(
    tmp_path: Path, standin_library: Path
) -> None:
    counting = ModelScript(
        context_length=100_000,
        replies=[
            Reply(match="Go", count=50_000, tokens_per_second=5.0),
            Reply(count=15, tokens_per_second=5.0),
        ],
    )
    config = "[pool]\nmax_waiting = 0\n" + standin_model(standin_library, tmp_path, counting)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        assert ask(running, "Count").status_code == 200
        body = {"model": "pico", "stream": True, "messages": [{"role": "user", "content": "Go"}]}
        url = f"{running.base_url}/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=20):
            refused = ask(running, "Hello")

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 1


def test_server_ends_with_status_3_when_no_engine_can_be_restored(
    tmp_path: Path, standin_library: Path
) -> None:
    config = "[pool]\nbackoff_seconds = 0.01\nmax_failures = 3\n"
    config += standin_model(standin_library, tmp_path, ModelScript(init_crash=True))
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as running:
        assert running.process.wait(30) == 3


def test_server_stays_when_told_to_and_says_what_is_wrong(
    tmp_path: Path, standin_library: Path
) -> None:
    config = "[pool]\nbackoff_seconds = 0.01\nmax_failures = 3\nexit_when_broken = false\n"
    config += standin_model(standin_library, tmp_path, ModelScript(init_crash=True))
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as running:

        def resting() -> bool:
            try:
                return bool(running.health()["engines"][0]["state"] == "resting")
            except httpx.TransportError:
                return False

        wait_until(resting, 30)
        assert "out of service" in running.health()["engines"][0]["problem"]
        assert running.process.poll() is None


def test_resting_model_refuses_at_once_and_says_until_when(
    tmp_path: Path, standin_library: Path
) -> None:
    config = "[pool]\nbackoff_seconds = 0.01\nmax_failures = 2\nexit_when_broken = false\n"
    config += standin_model(standin_library, tmp_path, ModelScript())
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        replace_script_and_workers(running, tmp_path, ModelScript(init_crash=True))
        waiting = ask(running, "Hello")
        wait_until(lambda: running.health()["engines"][0]["state"] == "resting")

        refused = ask(running, "Hello")

    for answer in (waiting, refused):
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "model_unavailable"
        assert int(answer.headers["retry-after"]) > 500


def test_resting_engine_that_is_started_again_is_worth_waiting_for(
    tmp_path: Path, standin_library: Path
) -> None:
    config = (
        '[auth]\nadmin_keys = ["the-admin-key"]\n'
        "[pool]\nbackoff_seconds = 0.01\nmax_failures = 2\nexit_when_broken = false\n"
    )
    config += standin_model(standin_library, tmp_path, ModelScript())
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        replace_script_and_workers(running, tmp_path, ModelScript(init_crash=True))
        wait_until(lambda: running.health()["engines"][0]["state"] == "resting")
        healed = ModelScript(init_delay_seconds=1.0, replies=[Reply(text="Fine.")])
        healed.write(tmp_path / "pico.pllm")

        httpx.post(
            f"{running.url}/admin/engines/pico@cpu:1/restart",
            headers={"authorization": "Bearer the-admin-key"},
        ).raise_for_status()
        wait_until(lambda: running.health()["engines"][0]["state"] != "resting")
        answer = ask(running, "Hello")

    assert answer.json()["choices"][0]["message"]["content"] == "Fine."


def test_those_who_wait_are_told_when_no_engine_can_be_restored(
    tmp_path: Path, standin_library: Path
) -> None:
    config = "[pool]\nbackoff_seconds = 0.01\nmax_failures = 2\n"
    config += standin_model(standin_library, tmp_path, ModelScript())
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        replace_script_and_workers(running, tmp_path, ModelScript(init_crash=True))

        answer = ask(running, "Hello")

        assert answer.status_code == 503
        assert "error" in answer.json()
        assert running.process.wait(30) == 3
    assert "Traceback" not in running.log.read_text()


def test_worker_that_outgrows_its_memory_is_replaced(tmp_path: Path, standin_library: Path) -> None:
    config = "[pool]\nheartbeat_seconds = 0.1\nmax_worker_memory_mib = 200\n"
    grown = ModelScript(grow_mib=300, replies=[Reply(count=2000, tokens_per_second=5.0)])
    config += standin_model(standin_library, tmp_path, grown)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as running:
        (pid,) = worker_pids(running)

        answer = ask(running, "grow", stream=True)

        assert '"error"' in answer.text
        wait_until(lambda: pid not in worker_pids(running))

"""SIGHUP: the configuration is read again, or the terminal has gone."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from tests.support.models import ACCESS_KEY, slow_script, standin_model, tiny_model
from tests.support.processes import worker_pids
from tests.support.server import (
    START_SECONDS,
    RunningServer,
    reserved_port,
    running_server,
    wait_until,
)
from tests.support.wire import chat_body, open_stream

OLD, NEW = "sk-the-old-key-0001", "sk-the-new-key-0002"
DONE, FAILED = "configuration reloaded", "configuration not reloaded"


@pytest.fixture(scope="module")
def models(standin_library: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return standin_model(standin_library, tmp_path_factory.mktemp("models"), slow_script())


@pytest.fixture(scope="module")
def server(
    models: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[RunningServer, None, None]:
    """A server that others could reach, so it needs a key."""
    folder = tmp_path_factory.mktemp("reload")
    with running_server(folder, first(models), environment=ACCESS_KEY) as server:
        yield server
    log = server.log.read_text()
    assert "Traceback" not in log
    assert OLD not in log
    assert NEW not in log


@pytest.fixture(autouse=True)
def as_at_first(server: RunningServer, models: str) -> Generator[None, None, None]:
    yield
    reload(server, first(models), DONE)


def first(models: str) -> str:
    return f'[server]\nhost = "0.0.0.0"\n[auth]\nkeys = ["{OLD}"]\n{models}'


def reload(server: RunningServer, config: str, outcome: str) -> str:
    """Have this configuration read; what the log says from there on."""
    before = len(server.log_lines())
    (server.log.parent / "picoserve.toml").write_text(config)
    server.process.send_signal(signal.SIGHUP)

    def said() -> str:
        return "\n".join(server.log_lines()[before:])

    wait_until(lambda: outcome in said())
    return said()


def look(server: RunningServer, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"}
    return server.get("/v1/models", headers).status_code


def test_keys_change_and_streams_go_on(server: RunningServer, models: str) -> None:
    headers = {"authorization": f"Bearer {OLD}"}
    with (
        httpx.Client(base_url=server.url, headers=headers, timeout=20) as client,
        open_stream(client, chat_body("Count!", model="pico")) as stream,
    ):
        stream.text()
        said = reload(server, first(models).replace(OLD, NEW), DONE)
        assert [look(server, key) for key in (OLD, NEW)] == [401, 200]
        assert stream.text()

    assert "auth.keys" in said


def test_a_new_secret_that_can_be_guessed_is_told(server: RunningServer, models: str) -> None:
    pair = '[[auth.livekit]]\nkey = "devkey"\nsecret = "short-one"\n'

    said = reload(server, f"{first(models)}\n{pair}", "can be guessed")

    assert "devkey" in said
    assert "short-one" not in said


def test_log_level_changes(server: RunningServer, models: str) -> None:
    look(server, OLD)
    before = len(server.log_lines("[debug"))

    said = reload(server, first(models) + '[log]\nlevel = "debug"\n', DONE)
    look(server, OLD)

    assert "log.level" in said
    wait_until(lambda: len(server.log_lines("[debug")) > before)


def test_level_that_hides_the_news_of_it_is_told_before(server: RunningServer, models: str) -> None:
    said = reload(server, first(models) + '[log]\nlevel = "error"\n', DONE)

    assert "log.level" in said


def test_limits_change_and_what_was_used_stays_used(server: RunningServer, models: str) -> None:
    def asked() -> httpx.Response:
        headers = {"authorization": f"Bearer {OLD}"}
        return server.post("/tokenize", {}, headers)

    # So few that what comes back meanwhile is less than one.
    limits = "[limits]\nrequests_per_minute = 2\n"
    said = reload(server, limits + first(models), DONE)
    statuses = [asked().status_code for _ in range(3)]
    reload(server, limits.replace("2", "4") + first(models), DONE)
    after = asked()

    assert "limits.requests_per_minute" in said
    assert statuses == [400, 400, 429]
    assert int(after.headers["x-ratelimit-remaining-requests"]) in {1, 2}


@pytest.mark.parametrize(
    "config",
    [
        "[auth\n",
        '[auth]\nkeys = ["not a key"]\n',
        '[log]\nlevel = "loud"\n[auth]\nkeys = ["sk-other"]\n',
        '[auth]\nkey_file = "no-such-file.txt"\n',
        # Without a key, and listening to this machine only: but it goes on listening to all.
        '[server]\nhost = "127.0.0.1"\n',
    ],
)
def test_broken_configuration_changes_nothing(server: RunningServer, config: str) -> None:
    said = reload(server, config, FAILED)

    assert "[error" in said
    assert look(server, OLD) == 200
    assert look(server, "sk-other") == 401


def test_a_server_whose_folder_was_removed_goes_on_reading(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with running_server(tmp_path, tiny_model(), working_folder=folder) as server:
        folder.rmdir()
        reload(server, "[auth\n", FAILED)
        reload(server, '[log]\nlevel = "debug"\n' + tiny_model(), DONE)


def test_what_takes_a_restart_is_told(server: RunningServer, models: str) -> None:
    config = first(models).replace("[server]", "[server]\nping_seconds = 7\n")

    said = reload(server, config, "changes that take a restart")

    assert "server.ping_seconds" in said


def test_engines_outlive_the_hangup_of_their_whole_group(models: str, tmp_path: Path) -> None:
    with (
        running_server(tmp_path, models, environment=ACCESS_KEY, own_group=True) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        open_stream(client, chat_body("Count!", model="pico")) as stream,
    ):
        stream.text()
        before = worker_pids(server)

        # What a shell does whose terminal is closed, and `systemctl kill -s HUP`.
        os.killpg(server.process.pid, signal.SIGHUP)

        wait_until(lambda: DONE in server.log.read_text())
        assert [stream.text() for _ in range(5)]
        assert len(before) == 1
        assert worker_pids(server) == before


def test_server_ends_with_its_terminal(tmp_path: Path) -> None:
    with reserved_port() as port:
        _end_with_terminal(tmp_path, port)


def _end_with_terminal(tmp_path: Path, port: int) -> None:
    master, slave = pty.openpty()
    # The leader of a new session that opens a terminal has it from then on.
    opening = f'exec "$@" <{os.ttyname(slave)}'
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                opening,
                "sh",
                sys.executable,
                "-m",
                "picoserve",
                "serve",
                f"--port={port}",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    os.close(slave)
    try:
        RunningServer(process, port, tmp_path / "server.log").wait_ready()
        os.close(master)
        assert process.wait(START_SECONDS) == 0
    finally:
        process.kill()

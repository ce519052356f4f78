import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.standin.model_script import ModelScript, Status
from tests.support.models import (
    ACCESS_KEY,
    MODEL,
    file_with_template,
    standin_model,
    tiny_model,
)
from tests.support.server import (
    START_SECONDS,
    RunningServer,
    has_ipv6,
    reserved_port,
    running_server,
    wait_until,
)
from tests.support.wire import chat_body


def test_the_start_tells_of_every_engine_and_what_to_paste(tmp_path: Path) -> None:
    config = '[auth]\nkeys = ["a-key-for-tests-only"]\n' + tiny_model(engines=2)
    with running_server(tmp_path, config) as server:
        wait_until(lambda: "LiveKit" in server.log.read_text())
    log = server.log.read_text()

    assert re.search(r"model +engine +device +context +cache +loaded in +state", log)
    assert len(re.findall(r"picoserve-tiny@cpu:2#\d +cpu:1 +\d+ +yes +\d+\.\d s +ready", log)) == 2
    assert f"curl -N {server.base_url}/chat/completions \\\n" in log
    assert "-H 'authorization: Bearer YOUR_KEY' \\\n" in log
    assert f"Page: {server.url}/\n" in log
    # LiveKit's client signs a token with a key and a secret; no static key opens for it.
    assert "needs [[auth.livekit]] with a key and a secret" in log
    assert "inference.LLM(" not in log
    assert "a-key-for-tests-only" not in log
    assert "\x1b[" not in log


def test_where_the_log_is_json_all_that_is_written_is(tmp_path: Path) -> None:
    config = '[log]\nformat = "json"\n' + tiny_model()
    with running_server(tmp_path, config) as server:
        server.wait_engines()
    entries = [json.loads(line) for line in server.log.read_text().splitlines()]

    events = [entry["event"] for entry in entries]
    assert {"listening", "engine ready", "draining"} <= set(events)
    assert entries[events.index("listening")]["url"] == server.base_url


def test_a_template_that_cannot_be_used_is_told_once_before_anybody_asks(tmp_path: Path) -> None:
    path = file_with_template(tmp_path, "{{ 'Functions: ' + functions }}")
    with running_server(tmp_path, tiny_model(path=path, engines=2)) as server:
        server.wait_engines()
        [line] = server.log_lines("chat template cannot be used")
        reply = httpx.post(f"{server.base_url}/chat/completions", json=chat_body(), timeout=20)

    assert "'functions' is undefined" in line
    assert "used=plain" in line
    assert reply.status_code == 200


def test_without_keys_the_lines_to_paste_need_none(tmp_path: Path) -> None:
    with running_server(tmp_path, tiny_model()) as server:
        wait_until(lambda: "LiveKit:" in server.log.read_text())
    log = server.log.read_text()

    assert f"curl -N {server.base_url}/chat/completions \\\n" in log
    assert "authorization" not in log
    assert 'api_key="any", api_secret="any")' in log


def test_with_livekit_pairs_alone_only_livekit_is_told_what_to_paste(
    tmp_path: Path, standin_library: Path
) -> None:
    embedder = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=4)
    config = (
        '[[auth.livekit]]\nkey = "devkey"\nsecret = "a-secret-for-tests-only"\n'
        + standin_model(standin_library, tmp_path, embedder, name="first")
        + tiny_model()
    )
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        wait_until(lambda: "LiveKit:" in server.log.read_text())
    log = server.log.read_text()

    assert "curl" not in log
    assert f'inference.LLM("{MODEL}", base_url="{server.base_url}",\n' in log
    assert 'api_key="YOUR_LIVEKIT_KEY", api_secret="YOUR_LIVEKIT_SECRET")' in log
    assert "a-secret-for-tests-only" not in log


def test_models_that_take_no_chat_are_offered_for_none(
    tmp_path: Path, standin_library: Path
) -> None:
    embedder = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=4)
    config = standin_model(standin_library, tmp_path, embedder)
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        wait_until(lambda: "Page:" in server.log.read_text())
    log = server.log.read_text()

    assert "chat/completions" not in log
    assert "inference.LLM(" not in log


def test_what_has_not_loaded_is_not_offered(tmp_path: Path, standin_library: Path) -> None:
    refused = ModelScript(init_status=Status.ACTIVATION_LIMIT_REACHED)
    config = standin_model(standin_library, tmp_path, refused)
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: "Nothing to try yet: see `picoserve doctor`" in server.log.read_text())
        log = server.log.read_text()

    assert "curl" not in log
    assert "inference.LLM(" not in log


def test_a_model_that_has_failed_is_not_offered_beside_one_that_takes_no_chat(
    tmp_path: Path, standin_library: Path
) -> None:
    refused = ModelScript(init_status=Status.ACTIVATION_LIMIT_REACHED)
    embedder = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=4)
    config = standin_model(standin_library, tmp_path, refused, name="refused")
    config += standin_model(standin_library, tmp_path, embedder, name="embedder")
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: "Page:" in server.log.read_text())
        log = server.log.read_text()

    assert "curl" not in log


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_the_log_costs_nothing_else(tmp_path: Path) -> None:
    with running_server(tmp_path, tiny_model(), log=Path("/dev/full")) as server:
        answer = server.post("/v1/chat/completions", chat_body(max_tokens=3))

        assert answer.status_code == 200
        assert server.stop() == 0


def test_a_reader_of_the_log_who_leaves_costs_nothing_else(tmp_path: Path) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with running_server(tmp_path, tiny_model(), log=pipe, wait=False) as server:
        os.close(reader)
        server.wait_ready()
        answer = server.post("/v1/chat/completions", chat_body(max_tokens=3))

        assert answer.status_code == 200
        assert server.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there can pipes be made small")
def test_a_reader_of_the_log_who_reads_nothing_costs_nothing_else(tmp_path: Path) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    with running_server(tmp_path, tiny_model(), log=pipe) as server:
        refusals = [server.post("/v1/chat/completions", {}) for _ in range(30)]

        assert [refusal.status_code for refusal in refusals] == [400] * 30
        assert server.get("/health/live").status_code == 200
        assert server.stop() == 0
    os.close(reader)


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_cost_nothing(tmp_path: Path, closed: str) -> None:
    with running_server(tmp_path, tiny_model(), started_by=f'exec "$@" {closed}') as server:
        answer = server.post("/v1/chat/completions", chat_body(max_tokens=3))

        assert answer.status_code == 200
        assert server.stop() == 0


@contextmanager
def starting_server(folder: Path) -> Generator[tuple[RunningServer, Path], None, None]:
    """A server that has got as far as reading its configuration, out of a pipe that is empty.

    What signals do before, while Python loads itself and the command line, is Python's to say.
    """
    pipe, log = folder / "picoserve.toml", folder / "server.log"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "picoserve", "serve", "-c", str(pipe)]
    with reserved_port() as port:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--port", str(port)], stdout=output, stderr=output
            )
        try:
            yield RunningServer(process, port, log), pipe
        finally:
            process.kill()
            process.wait()


def test_a_server_that_is_stopped_while_it_starts_ends_cleanly(tmp_path: Path) -> None:
    with starting_server(tmp_path) as (server, pipe):
        with pipe.open("w") as config:  # waits for its reader
            server.process.send_signal(signal.SIGTERM)
            config.write(tiny_model())

        assert server.process.wait(START_SECONDS) == 0
        assert "before any engine was started" in server.log.read_text()


def test_a_hangup_during_the_start_has_the_configuration_read_once_it_is_over(
    tmp_path: Path,
) -> None:
    with starting_server(tmp_path) as (server, pipe):
        with pipe.open("w") as config:
            server.process.send_signal(signal.SIGHUP)
            config.write(tiny_model())
        server.wait_ready()
        with pipe.open("w") as config:  # waits for its next reader
            config.write('[log]\nlevel = "debug"\n' + tiny_model())

        wait_until(lambda: "configuration reloaded" in server.log.read_text())
        assert server.stop() == 0


def test_a_port_in_use_is_told_before_an_engine_loads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with running_server(tmp_path, tiny_model(), port=port, wait=False) as server:
            assert server.process.wait(START_SECONDS) == 2
            log = server.log.read_text()

    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in log
    assert "loaded" not in log


def test_a_free_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "picoserve.toml").write_text(tiny_model())
    arguments = ["serve", "--port", "0", "--config", str(tmp_path / "picoserve.toml")]
    process = subprocess.Popen(
        [sys.executable, "-m", "picoserve", *arguments], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        # An engine may be ready before the server listens, and says so.
        told = next((line for line in process.stderr if " on http://" in line), "")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_SECONDS)

    assert re.search(r"on http://127\.0\.0\.1:[1-9]\d*/v1$", told)


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")
def test_all_addresses_of_ipv6_are_told_by_one_that_can_be_reached(tmp_path: Path) -> None:
    config = '[server]\nhost = "::"\nallow_anonymous = true\n' + tiny_model()
    with running_server(tmp_path, config, wait=False) as server:
        wait_until(lambda: server.log_lines(" on http://"), START_SECONDS)
        (line,) = server.log_lines(" on http://")
        (url,) = re.findall(r" on (http://.*)/v1$", line)

        assert httpx.get(f"{url}/health/live", timeout=20).status_code == 200


def test_a_model_that_cannot_be_loaded_is_told_too(tmp_path: Path) -> None:
    config = tiny_model() + tiny_model(name="gone", path=tmp_path / "gone.gguf")
    with running_server(tmp_path, config, wait=False) as server:
        wait_until(lambda: "LiveKit:" in server.log.read_text(), START_SECONDS)
    log = server.log.read_text()

    assert re.search(r"gone +gone@cpu:1 +cpu:1 +- +- +- +failed", log)

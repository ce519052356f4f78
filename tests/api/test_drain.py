"""The end of a server: what runs may finish, what is new is refused, no process stays."""

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.standin.model_script import ModelScript, Reply, read_journal
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import all_gone, frozen_workers, worker_pids
from tests.support.server import PATIENCE_SECONDS, RunningServer, running_server, wait_until
from tests.support.wire import chat_body, error_of, open_stream

CHAT = "/v1/chat/completions"
LONG = chat_body("Count!", model="pico")
SECONDS_LONG = chat_body("A short count.", model="pico")
BRIEF = chat_body("Be brief.", model="pico")


@contextlib.contextmanager
def slow_server(
    library: Path, folder: Path, drain_seconds: float
) -> Generator[RunningServer, None, None]:
    script = slow_script(replies=[Reply(match="short count", count=20)])
    config = f"[server]\ndrain_seconds = {drain_seconds}\ncommit_seconds = 0.1\n"
    config += standin_model(library, folder, script, engines=2)
    with running_server(folder, config, environment=ACCESS_KEY) as server:
        yield server


def wait_draining(server: RunningServer) -> None:
    wait_until(lambda: server.get("/health/ready").status_code == 503)


def test_running_requests_finish_and_new_ones_are_refused(
    standin_library: Path, tmp_path: Path
) -> None:
    with (
        slow_server(standin_library, tmp_path, 600) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor() as threads,
        contextlib.ExitStack() as stack,
    ):
        server.wait_engines()
        # Nothing comes to its end before the server has been asked for its own.
        with frozen_workers(server) as workers:
            running = stack.enter_context(open_stream(client, SECONDS_LONG))
            whole = threads.submit(server.post, CHAT, SECONDS_LONG)
            wait_until(lambda: server.busy() == 2)
            server.process.send_signal(signal.SIGTERM)
            wait_draining(server)

            refused = [server.post(CHAT, BRIEF | {"stream": stream}) for stream in (True, False)]
            assert server.get("/health/live").status_code == 200
            assert server.health()["status"] == "draining"

        events = list(running.events())
        assert events[-1]["choices"][0]["finish_reason"] == "stop"
        message = whole.result().json()["choices"][0]["message"]
        assert message["content"].endswith("word19")
        assert server.process.wait(PATIENCE_SECONDS) == 0

    for response in refused:
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        assert error_of(response)["code"] == "server_is_shutting_down"
    assert len(workers) == 2
    assert all_gone(workers)


def test_client_that_reads_slowly_gets_all_of_its_answer(
    standin_library: Path, tmp_path: Path
) -> None:
    script = ModelScript(context_length=100_000, replies=[Reply(count=40_000)])
    config = "[server]\ndrain_seconds = 600\n" + standin_model(standin_library, tmp_path, script)
    received = b""
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        with httpx.Client(base_url=server.url) as client:
            request = client.build_request("POST", CHAT, json=LONG | {"stream": True})
        with contextlib.closing(slow_connection(server)) as connection:
            connection.sendall(raw_request(request))
            received += connection.recv(15)
            wait_until(lambda: server.busy() == 0)
            server.process.send_signal(signal.SIGTERM)
            wait_draining(server)
            while part := connection.recv(32768):
                received += part
                time.sleep(0.01)
        assert server.process.wait(PATIENCE_SECONDS) == 0

    assert b"word39999" in received
    assert b"data: [DONE]" in received[-100:]
    assert "Traceback" not in server.log.read_text()


def test_embeddings_that_were_begun_are_finished(standin_library: Path, tmp_path: Path) -> None:
    script = ModelScript(
        model="embeddinggemma-300m [1.37 v1]",
        generate=False,
        embeddings=4,
        prefill_tokens_per_second=20,
        journal="journal",
    )
    config = standin_model(standin_library, tmp_path, script)
    body = {"model": "pico", "input": ["one two", "three four", "five six", "seven eight"]}
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        ThreadPoolExecutor() as threads,
    ):
        whole = threads.submit(server.post, "/v1/embeddings", body)
        wait_until(lambda: read_journal(tmp_path / "journal", "embed"))
        server.process.send_signal(signal.SIGTERM)

        assert len(whole.result().json()["data"]) == 4
        assert server.process.wait(PATIENCE_SECONDS) == 0


def test_request_whose_body_is_on_its_way_is_told_that_the_server_ends(
    standin_library: Path, tmp_path: Path
) -> None:
    with slow_server(standin_library, tmp_path, 30) as server:
        with (
            contextlib.closing(
                socket.create_connection(("127.0.0.1", server.port), timeout=20)
            ) as connection,
            connection.makefile("rb") as received,
        ):
            head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n"
            connection.sendall(f"{head}expect: 100-continue\r\n\r\n".encode())
            # It says so when it begins to read the body.
            assert received.readline() == b"HTTP/1.1 100 Continue\r\n"
            connection.sendall(b"{")
            server.process.send_signal(signal.SIGTERM)
            answer = received.read()
        assert server.process.wait(PATIENCE_SECONDS) == 0

    head, _, body = answer.strip().decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert json.loads(body)["error"]["code"] == "server_is_shutting_down"
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("hurried", [False, True])
def test_requests_that_are_being_prepared_have_the_drain_time(
    standin_library: Path, tmp_path: Path, hurried: bool
) -> None:
    config = f"[server]\ndrain_seconds = {0.1 if hurried else 60}\n"
    config += standin_model(standin_library, tmp_path, slow_script())
    text = {"model": "pico", "prompt": "one two"}
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor() as threads,
    ):
        with frozen_workers(server):
            texts = [threads.submit(client.post, "/tokenize", json=text)]
            wait_until(lambda: server.busy() == 1)
            texts += [threads.submit(client.post, "/tokenize", json=text)]
            wait_until(lambda: server.waiting() == 1)
            server.process.send_signal(signal.SIGTERM)
            if hurried:
                concurrent.futures.wait(texts)
            else:
                wait_draining(server)
                refused = client.post("/tokenize", json=text)
                assert error_of(refused)["code"] == "server_is_shutting_down"
        answers = [text.result() for text in texts]
        assert server.process.wait(PATIENCE_SECONDS) == 0

    assert [answer.status_code for answer in answers] == [503 if hurried else 200] * 2
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("hurry", [False, True])
def test_requests_that_outlast_the_drain_time_end_with_an_error(
    standin_library: Path, tmp_path: Path, hurry: bool
) -> None:
    with (
        slow_server(standin_library, tmp_path, 60 if hurry else 0.3) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        ThreadPoolExecutor() as threads,
        open_stream(client, LONG) as speaking,
    ):
        workers = worker_pids(server)
        speaking.text()
        pending = threads.submit(server.post, CHAT, LONG)
        wait_until(lambda: server.busy() == 2)
        with open_stream(client, LONG | {"n": 2}) as waiting:
            wait_until(lambda: server.waiting() == 2)
            server.process.send_signal(signal.SIGTERM)
            if hurry:
                wait_draining(server)
                server.process.send_signal(signal.SIGTERM)

            for stream in (speaking, waiting):
                *_, last = [line for line in stream.lines if line]
                error = json.loads(last.removeprefix("data: "))["error"]
                assert error["code"] == "server_is_shutting_down"
        assert server.process.wait(PATIENCE_SECONDS) == 0

    response = pending.result()
    assert response.status_code == 503
    assert error_of(response)["code"] == "server_is_shutting_down"
    assert all_gone(workers)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_finish_when_the_whole_group_is_told_to_end(
    standin_library: Path, tmp_path: Path, number: int
) -> None:
    script = slow_script(replies=[Reply(match="short count", count=20)])
    config = standin_model(standin_library, tmp_path, script)
    with (
        running_server(tmp_path, config, environment=ACCESS_KEY, own_group=True) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        open_stream(client, SECONDS_LONG) as running,
    ):
        running.text()
        os.killpg(server.process.pid, number)

        events = list(running.events())
        assert events[-1]["choices"][0]["finish_reason"] == "stop"
        assert server.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_server_ends_at_once_and_cleanly(tmp_path: Path, number: int) -> None:
    with (
        running_server(tmp_path) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        assert client.get("/health/live").status_code == 200  # a kept connection
        workers = worker_pids(server)
        assert server.stop(number) == 0

    assert workers
    assert all_gone(workers)
    assert "Traceback" not in server.log.read_text()


def test_server_that_is_still_loading_ends_cleanly(standin_library: Path, tmp_path: Path) -> None:
    config = standin_model(standin_library, tmp_path, slow_script())
    script = tmp_path / "pico.pllm"
    script.write_text(script.read_text().replace("\n", "\ninit_delay_seconds = 600\n", 1))
    with running_server(tmp_path, config, environment=ACCESS_KEY, wait=False) as server:
        wait_until(lambda: server.answers("/health/live"))
        wait_until(lambda: worker_pids(server) != [])
        workers = worker_pids(server)
        ready = server.get("/health/ready")
        refused = server.post(CHAT, BRIEF)
        assert server.stop() == 0

    assert ready.status_code == 503
    assert ready.json()["engines_ready"] == {"pico": "0/1"}
    assert (refused.status_code, error_of(refused)["code"]) == (503, "model_unavailable")
    assert "retry-after" in refused.headers
    wait_until(lambda: all_gone(workers))


def test_workers_of_a_killed_server_end_by_themselves(
    standin_library: Path, tmp_path: Path
) -> None:
    with (
        slow_server(standin_library, tmp_path, 30) as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
        open_stream(client, LONG) as running,
    ):
        running.text()
        workers = worker_pids(server)
        server.stop(signal.SIGKILL)
        assert len(workers) == 2
        wait_until(lambda: all_gone(workers))


def slow_connection(server: RunningServer) -> socket.socket:
    """A connection that takes little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    connection.connect(("127.0.0.1", server.port))
    return connection


def raw_request(request: httpx.Request) -> bytes:
    """A request as its bytes."""
    head = f"{request.method} {request.url.path} HTTP/1.1\r\n"
    fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"{head}{fields}\r\n".encode() + request.read()

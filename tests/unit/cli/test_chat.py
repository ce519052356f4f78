import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_line import picoserve
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.processes import wait_idle
from tests.support.server import RunningServer, free_port, running_server
from tests.support.terminal import on_terminal


def test_lines_from_standard_input_are_messages(server: RunningServer) -> None:
    talk = "My name is Zora.\nWhat is my name?\n/reset\n/what\n\nHello!\n/quit\nNever asked.\n"

    result = picoserve("chat", "--base-url", server.base_url, "--max-tokens", "12", text=talk)

    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr.count("first token") == 3
    assert "A new conversation." in result.stderr
    assert "\x1b[" not in result.stdout + result.stderr


def test_a_server_that_is_not_there_is_one_line() -> None:
    result = picoserve("chat", "--base-url", f"http://127.0.0.1:{free_port()}/v1")

    assert result.returncode == 1
    assert result.stderr.startswith("picoserve: No server answers at")
    assert result.stderr.count("\n") == 1


def test_a_refused_message_is_told_and_the_conversation_goes_on(server: RunningServer) -> None:
    result = picoserve("chat", "--base-url", server.base_url, "--model", "nobody", text="Hi\n")

    assert result.returncode == 1
    assert "HTTP 404" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("handling", ["strict", "surrogateescape"])
def test_bytes_that_are_no_text_are_replaced(server: RunningServer, handling: str) -> None:
    arguments = ["chat", "--base-url", server.base_url, "--max-tokens", "4", "--system", "\udcff"]
    result = subprocess.run(
        [sys.executable, "-m", "picoserve", *arguments],
        input=b"Hello \xff\n",
        env=os.environ | {"PYTHONIOENCODING": f"utf-8:{handling}"},
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert b"first token" in result.stderr


def test_a_standard_input_that_is_closed_is_the_end() -> None:
    closed = (
        "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    result = subprocess.run(
        [sys.executable, "-c", closed, "-m", "picoserve", "chat", "--model", "any"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (result.returncode, result.stdout) == (0, "")
    assert "Traceback" not in result.stderr


def test_no_option_takes_a_key() -> None:
    for command in ("chat", "bench", "status"):
        words = picoserve(command, "--help").stdout.split()
        assert {word for word in words if "key" in word and word[0] == "-"} == {"--api-key-env"}


def test_an_interrupt_stops_the_answer_and_not_the_conversation(
    tmp_path: Path, standin_library: Path
) -> None:
    config = standin_model(standin_library, tmp_path, slow_script())
    with running_server(tmp_path, config, environment=ACCESS_KEY) as server:
        arguments = ["chat", "--base-url", server.base_url]
        with subprocess.Popen(
            [sys.executable, "-m", "picoserve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("Count.\n")
            process.stdin.flush()
            assert process.stdout.read(1)

            process.send_signal(signal.SIGINT)
            wait_idle(server)
            output, errors = process.communicate("be brief\n", timeout=20)

    assert "(stopped)" in errors
    assert "Yes." in output
    assert process.returncode == 0


def test_on_a_terminal_lines_can_be_edited_and_brought_back(server: RunningServer) -> None:
    with on_terminal("chat", "--base-url", server.base_url, "--max-tokens", "8") as terminal:
        terminal.wait_for("> ")
        terminal.type("Helo!\x1b[D\x1b[Dl\n")
        terminal.wait_for("first token")
        terminal.type("\x1b[A")
        terminal.wait_for("Hello!")

        assert terminal.interrupt() == 130

    assert terminal.text.endswith("\n")

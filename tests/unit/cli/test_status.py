from pathlib import Path

import httpx
from tests.support.command_line import picoserve
from tests.support.models import ACCESS_KEY, slow_script, standin_model
from tests.support.server import RunningServer, free_port, running_server
from tests.support.terminal import COLUMNS, on_terminal


def test_without_a_terminal_the_engines_are_printed_once(server: RunningServer) -> None:
    result = picoserve("status", "--base-url", server.base_url)

    assert result.returncode == 0, result.stderr
    assert result.stdout.count("picoserve-tiny@cpu:2#") == 2
    assert "0/2" in result.stdout
    assert "ready · waiting in line: picoserve-tiny 0" in result.stdout
    assert "tokens generated" in result.stdout


def test_a_server_that_is_not_there_is_one_line() -> None:
    result = picoserve("status", "--once", "--base-url", f"http://127.0.0.1:{free_port()}/v1")

    assert result.returncode == 1
    assert result.stderr.startswith("picoserve: No server answers at")


def test_the_view_on_a_terminal_outlives_the_server(standin_library: Path, tmp_path: Path) -> None:
    config = standin_model(standin_library, tmp_path, slow_script(), name="a-model-of-a-name")
    port, look = free_port(), ("--interval", "0.1")
    with running_server(tmp_path, config, environment=ACCESS_KEY, port=port) as server:
        url = server.base_url
        httpx.get(f"{url}/models")
        assert "0 requests" in picoserve("status", "--base-url", url).stdout
        with on_terminal("status", "--base-url", url, *look) as terminal:
            terminal.wait_for("a-model-of-a-name@cpu:1")
            terminal.wait_for("waiting in line")
            server.stop()
            terminal.wait_for(f"No server answers at http://127.0.0.1:{port}")
            with running_server(tmp_path, config, environment=ACCESS_KEY, port=port, wait=False):
                terminal.wait_for("a-model-of-a-name@cpu:1")

                assert terminal.interrupt() == 0

    assert max(map(len, terminal.text.replace("\r", "\n").splitlines())) <= COLUMNS
    assert "Traceback" not in terminal.text

from tests.support.command_line import picoserve
from tests.support.server import RunningServer, free_port


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

from tests.support.command_line import picoserve
from tests.support.server import RunningServer, free_port


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


def test_no_option_takes_a_key() -> None:
    for command in ("chat", "bench", "status"):
        words = picoserve(command, "--help").stdout.split()
        assert {word for word in words if "key" in word and word[0] == "-"} == {"--api-key-env"}

import pytest
from tests.support.command_line import picoserve


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "gone.toml"], "gone.toml: the configuration file cannot be read"),
        (["--host", "0.0.0.0"], "can be reached from other machines"),
        (["--port", "70000"], "command line: server.port: should be less than"),
        (["--log-level", "loud"], "command line: log.level: should be 'debug'"),
        (["--log-format", "xml"], "command line: log.format: should be 'console'"),
        (["--model", "gone.gguf"], "--model gone.gguf: cannot be read: No such file"),
        (["--model", f"{'x' * 300}.gguf"], ".gguf: cannot be read: File name too long"),
        (["--model", "model.bin"], "should be a .pllm file"),
    ],
)
def test_a_configuration_that_cannot_be_used_ends_with_one_clean_message(
    arguments: list[str], message: str
) -> None:
    result = picoserve("serve", *arguments)

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("picoserve: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_option_that_is_no_number_is_a_wrong_call() -> None:
    result = picoserve("serve", "--port", "x")

    assert result.returncode == 2
    assert "--port" in result.stderr


def test_the_access_key_has_no_flag() -> None:
    assert "key" not in picoserve("serve", "--help").stdout.lower()

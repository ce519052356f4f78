import pytest
import typer
from tests.support.command_line import picoserve

from picoserve.cli.remote import failing_cleanly
from picoserve.client.endpoint import CallError


def test_a_call_that_came_to_nothing_is_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as end, failing_cleanly():
        raise CallError("It broke.")

    assert end.value.exit_code == 1
    assert capsys.readouterr().err == "picoserve: It broke.\n"


@pytest.mark.parametrize("command", ["chat", "bench", "status"])
@pytest.mark.parametrize("key", ["sk-first-secret\nsk-second-secret", "“sk-first-secret”"])
def test_a_key_that_cannot_be_sent_is_named_by_its_variable_alone(command: str, key: str) -> None:
    result = picoserve(command, environment={"PICOSERVE_API_KEY": key})

    assert result.returncode == 1
    assert result.stderr.startswith("picoserve: The key in PICOSERVE_API_KEY is not one line")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["chat", "bench", "status"])
def test_an_address_with_an_impossible_port_is_one_line(command: str) -> None:
    result = picoserve(command, "--base-url", "http://127.0.0.1:80800/v1")

    assert result.returncode == 1
    assert result.stderr.startswith("picoserve: 'http://127.0.0.1:80800/v1' is no address")
    assert result.stderr.count("\n") == 1

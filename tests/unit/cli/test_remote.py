import pytest
import typer

from picoserve.cli.remote import failing_cleanly
from picoserve.client.endpoint import CallError


def test_a_call_that_came_to_nothing_is_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as end, failing_cleanly():
        raise CallError("It broke.")

    assert end.value.exit_code == 1
    assert capsys.readouterr().err == "picoserve: It broke.\n"

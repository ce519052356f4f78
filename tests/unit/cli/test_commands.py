import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from tests.support.command_line import picoserve

from picoserve import __version__
from picoserve.cli.commands import COMMANDS


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_explains_itself_without_a_terminal(command: str) -> None:
    result = picoserve(*command.split(), "--help")

    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout
    assert "\x1b[" not in result.stdout


def test_help_can_be_written_where_only_ascii_can() -> None:
    result = picoserve(
        "--help", environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    )

    assert result.returncode == 0, result.stderr


def test_the_version_is_an_option_too() -> None:
    assert picoserve("--version").stdout == f"picoserve {__version__}\n"


def test_a_command_that_does_not_exist_is_a_wrong_call() -> None:
    result = picoserve("bogus")

    assert result.returncode == 2
    assert "bogus" in result.stderr


def test_one_problem_is_one_line_and_several_are_a_list() -> None:
    one = picoserve("models", environment={"PICOSERVE_X": "1"})
    two = picoserve("models", environment={"PICOSERVE_X": "1", "PICOSERVE_Y": "1"})

    assert (one.returncode, two.returncode) == (2, 2)
    assert one.stderr.startswith("picoserve: environment: PICOSERVE_X: no such setting")
    assert one.stderr.count("\n") == 1
    assert two.stderr.startswith("picoserve: 2 problems:\n  environment: PICOSERVE_X")
    assert "Traceback" not in one.stderr + two.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", ["version", "models", "config example", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_the_output_is_one_line(command: str, unbuffered: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "picoserve", *command.split()],
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert result.returncode == 1
    assert result.stderr == "picoserve: standard output: No space left on device\n"


def test_an_interrupt_while_the_commands_are_loaded_is_no_traceback(tmp_path: Path) -> None:
    # The first module that the commands load presses Ctrl-C.
    (tmp_path / "typer.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")

    result = picoserve("doctor", environment={"PYTHONPATH": str(tmp_path)})

    assert result.returncode == 130
    assert not result.stderr


def test_the_console_script_is_the_same_command_line() -> None:
    (script,) = entry_points(group="console_scripts", name="picoserve")

    assert script.value == "picoserve.__main__:main"

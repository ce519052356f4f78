import pytest
from tests.support.command_line import picoserve


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    result = picoserve("completion", shell)

    assert result.returncode == 0, result.stderr
    assert "_PICOSERVE_COMPLETE" in result.stdout


def test_commands_are_completed() -> None:
    words = {"COMP_WORDS": "picoserve be", "COMP_CWORD": "1"}

    result = picoserve(environment={**words, "_PICOSERVE_COMPLETE": "complete_bash"})

    assert "bench" in result.stdout

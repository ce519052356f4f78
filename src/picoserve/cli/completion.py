"""`picoserve completion`: what a shell needs to complete commands and options."""

from enum import StrEnum
from typing import Annotated

import typer


class Shell(StrEnum):
    """Shells whose completion can be written."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    PWSH = "pwsh"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.")]) -> None:
    """Print the completion script of a shell, such as `eval "$(picoserve completion bash)"`."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(
        prog_name="picoserve", complete_var="_PICOSERVE_COMPLETE", shell=shell.value
    )
    typer.echo(script)

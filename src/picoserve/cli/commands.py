"""The table of commands, and what all of them have in common."""

import contextlib
import errno
from collections.abc import Callable, Mapping
from typing import Annotated, Final, NoReturn

import typer

from picoserve import __version__
from picoserve.cli import (
    bench,
    chat,
    completion,
    config_check,
    config_example,
    devices,
    doctor,
    models,
    serve,
    status,
    version,
)
from picoserve.cli.standard_streams import drop_output
from picoserve.errors import ConfigError

EXIT_OUTPUT: Final = 1
EXIT_CONFIG: Final = 2
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "serve": serve.serve,
    "chat": chat.chat,
    "bench": bench.bench,
    "status": status.status,
    "models": models.models,
    "devices": devices.devices,
    "doctor": doctor.doctor,
    "config check": config_check.config_check,
    "config example": config_example.config_example,
    "completion": completion.completion,
    "version": version.version,
}
_GROUPS: Final = {"config": "Look at the configuration, or start a new one."}


def run() -> NoReturn:
    """Run the command that the arguments name, and end the process with its exit status."""
    try:
        create_cli()(prog_name="picoserve")
    except ConfigError as error:
        lines = error.message.splitlines()
        text = lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} problems:", *lines])
        typer.echo(f"picoserve: {text}", err=True)
        raise SystemExit(EXIT_CONFIG) from None
    except OSError as error:
        # With a name it is another file's disk.
        if error.errno not in _FULL or error.filename is not None:
            raise
        drop_output()
        with contextlib.suppress(OSError):
            typer.echo(f"picoserve: standard output: {error.strerror}", err=True)
        raise SystemExit(EXIT_OUTPUT) from None
    raise SystemExit(0)


def create_cli() -> typer.Typer:
    """The command line with everything in the table."""
    cli = _group("An OpenAI-compatible local inference server over picoLLM and llama.cpp engines.")
    cli.callback()(_options)
    groups = {name: _group(text) for name, text in _GROUPS.items()}
    for name, group in groups.items():
        cli.add_typer(group, name=name)
    for names, command in COMMANDS.items():
        group_name, _, name = names.rpartition(" ")
        (groups[group_name] if group_name else cli).command(name)(command)
    return cli


def _group(text: str) -> typer.Typer:
    return typer.Typer(help=text, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"picoserve {__version__}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    pass

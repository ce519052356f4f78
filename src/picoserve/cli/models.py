"""`picoserve models`: what is configured."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from picoserve.cli.options import ConfigFile, ModelFiles, settings_from
from picoserve.files import why_unreadable

if TYPE_CHECKING:
    from picoserve.config.model import ModelSettings

_HEADER: Final = ("MODEL", "ENGINE", "DEVICES", "ALIASES", "FILE")


def models(
    config: ConfigFile = None,
    model: ModelFiles = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the configured models: names, engines, devices and files."""
    configured = settings_from(config, model).models
    if as_json:
        # A template's text belongs to a file of its own, not into a list.
        rows = [entry.model_dump(mode="json", exclude={"chat_template"}) for entry in configured]
        typer.echo(json.dumps(rows, indent=2))
    elif configured:
        typer.echo(_table([_HEADER, *map(_row, configured)]))
    else:
        typer.echo("No model is configured: `picoserve serve` runs the one that comes with it.")


def _row(entry: "ModelSettings") -> tuple[str, ...]:
    devices = entry.devices if isinstance(entry.devices, str) else " ".join(entry.devices)
    reason = why_unreadable(entry.path)
    return (
        entry.name,
        entry.engine,
        devices,
        " ".join(entry.aliases) or "-",
        f"{entry.path} ({reason})" if reason else str(entry.path),
    )


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as they need to be, whatever the terminal: made to be cut and searched."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)

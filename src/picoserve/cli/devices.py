"""`picoserve devices`: where engines can run on this machine."""

import json
from typing import Annotated, Final, TypeAlias

import typer

from picoserve.cli.options import ConfigFile, settings_from

EXIT_FAILED: Final = 1

Row: TypeAlias = dict[str, str]


def devices(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what picoLLM lists, and what to write into a model's `devices` for it.

    Ends with status 1 where picoLLM lists nothing that is understood.
    """
    libraries = {str(m.library_path) for m in settings_from(config).models if m.library_path}
    rows: list[Row] = []
    problems: list[str] = []
    for library in sorted(libraries) or [""]:
        _list(library, rows, problems)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print(rows)
    for problem in problems:
        typer.echo(f"picoserve: {problem}", err=True)
    if problems or not rows:
        raise typer.Exit(EXIT_FAILED)


def _list(library: str, rows: list[Row], problems: list[str]) -> None:
    from picoserve.engine.devices import DeviceError, parse_device
    from picoserve.engine.list_devices import listed_devices

    try:
        listed = listed_devices(library)
    except DeviceError as error:
        problems.append(str(error))
        return
    for entry in listed:
        try:
            device = parse_device(entry)
        except DeviceError as error:
            problems.append(str(error))
        else:
            rows.append({"device": device.argument, "kind": device.kind, "name": device.name})


def _print(rows: list[Row]) -> None:
    for row in rows:
        typer.echo(f"{row['device']:<8} {row['name']}")
    if not any(row["kind"] == "gpu" for row in rows):
        typer.echo(
            "No GPU is listed. A GPU needs the NVIDIA driver (R575 or later for anything "
            "newer than Turing), and in a container --gpus all.",
            err=True,
        )

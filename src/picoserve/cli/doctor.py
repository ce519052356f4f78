"""`picoserve doctor`: does everything work here, and what to do where it does not."""

import asyncio
from typing import TYPE_CHECKING, Final

import typer

from picoserve.cli.options import ConfigFile, ModelFiles, settings_from

if TYPE_CHECKING:
    from picoserve.config.settings import Settings

EXIT_FAILED: Final = 1
_COLOURS: Final = {"ok": "green", "note": "yellow", "FAIL": "red"}


def doctor(config: ConfigFile = None, model: ModelFiles = None) -> None:
    """Check platform, key, devices, files and templates, and try one engine of each model.

    Starting an engine may count as an activation of the AccessKey. Ends with status 1 where
    something has to be mended.
    """
    failures = asyncio.run(_report(settings_from(config, model)))
    if failures:
        typer.echo(f"{failures} problem(s).", err=True)
        raise typer.Exit(EXIT_FAILED)
    typer.echo("Everything works.")


async def _report(settings: "Settings") -> int:
    from picoserve.app.checkup import checkup
    from picoserve.app.findings import Verdict
    from picoserve.logs import configure_logging

    configure_logging("critical", "console")
    failures = 0
    async for finding in checkup(settings):
        failures += finding.verdict is Verdict.FAIL
        verdict = typer.style(f"{finding.verdict:<5}", fg=_COLOURS[finding.verdict])
        typer.echo(f"{verdict} {finding.check}: {finding.text}")
        if finding.advice:
            typer.echo(f"      -> {finding.advice}")
    return failures

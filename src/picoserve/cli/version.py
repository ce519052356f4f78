"""`picoserve version`: what runs here."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Final

import typer

from picoserve import __version__

_ENGINE_PACKAGES: Final = ("picollm", "xllamacpp")


def version() -> None:
    """Print the versions of picoserve, Python and the engines' packages."""
    typer.echo(f"picoserve {__version__}")
    typer.echo(f"python {platform.python_version()}")
    for package in _ENGINE_PACKAGES:
        typer.echo(f"{package} {_version_of(package)}")


def _version_of(package: str) -> str:
    try:
        return installed_version(package)
    except PackageNotFoundError:
        return "not installed"

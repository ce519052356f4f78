"""Options of the commands that talk to a running server, and how their failures are told."""

import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where the server is, up to and including /v1.",
        show_default="http://127.0.0.1:8080/v1",
    ),
]
RemoteModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="The model to ask; without it, the first one that the server lists.",
        show_default=False,
    ),
]
ApiKeyEnv = Annotated[
    str | None,
    typer.Option(
        metavar="VARIABLE",
        help="The environment variable that holds the key; without it, PICOSERVE_API_KEY or "
        "OPENAI_API_KEY. A key is never an argument.",
        show_default=False,
    ),
]


@contextmanager
def failing_cleanly() -> Generator[None, None, None]:
    """Tell of a call that came to nothing in one line, and end with status 1."""
    from picoserve.client.endpoint import CallError

    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a person pipes in may be no text; what a server says may not fit the terminal.
            stream.reconfigure(errors="replace")
    try:
        yield
    except CallError as error:
        typer.echo(f"picoserve: {error}", err=True)
        raise typer.Exit(1) from None

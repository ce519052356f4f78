"""`picoserve config check`: is the configuration right, without starting anything."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from picoserve.cli.options import ConfigFile, ModelFiles, settings_from
from picoserve.errors import ConfigError

if TYPE_CHECKING:
    from picoserve.config.settings import Settings


def config_check(config: ConfigFile = None, model: ModelFiles = None) -> None:
    """Check the configuration, the files that it names and that there is an AccessKey.

    Ends with status 2 and a line per problem where there is one.
    """
    settings = settings_from(config, model)
    if problems := list(_problems(settings)):
        raise ConfigError("\n".join(problems))
    server = settings.server
    typer.echo(
        f"The configuration is right: {len(settings.models)} model(s), "
        f"to be served on {server.host} port {server.port}."
    )


def _problems(settings: "Settings") -> Iterator[str]:
    from picoserve.app.config_checks import model_checks, server_checks

    of_models = [check for entry in settings.models for check in model_checks(entry)]
    for check in [*server_checks(settings), *of_models]:
        try:
            check.look()
        except ConfigError as error:
            yield error.message

"""`picoserve config check`: is the configuration right, without starting anything."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import typer

from picoserve.cli.options import ConfigFile, ModelFiles, settings_from
from picoserve.errors import ConfigError
from picoserve.files import why_unreadable

if TYPE_CHECKING:
    from picoserve.config.model import ModelSettings
    from picoserve.config.settings import Settings


def config_check(config: ConfigFile = None, model: ModelFiles = None) -> None:
    """Check the configuration, the files that it names and that there is an AccessKey.

    Ends with status 2 and a line per problem where there is one.
    """
    settings = settings_from(config, model)
    problems = [problem for check in _checks(settings) for problem in _problem(check)]
    if problems:
        raise ConfigError("\n".join(problems))
    server = settings.server
    typer.echo(
        f"The configuration is right: {len(settings.models)} model(s), "
        f"to be served on {server.host} port {server.port}."
    )


def _problem(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except ConfigError as error:
        yield error.message


def _checks(settings: "Settings") -> Iterator[Callable[[], object]]:
    """What this machine may lack of what the settings name, each one by itself."""
    from picoserve.app.access import access_from
    from picoserve.app.tracing import tracer_for
    from picoserve.contexts.folder import check_folder

    yield partial(access_from, settings)
    if settings.contexts.folder is not None:
        yield partial(check_folder, settings.contexts.folder)
    yield partial(_check_access_key, settings)
    yield partial(tracer_for, settings, os.environ)
    for entry in settings.models:
        yield partial(_check_files, entry)
        yield partial(_check_template, entry)


def _check_access_key(settings: "Settings") -> None:
    if not settings.access_key() and any(entry.engine == "picollm" for entry in settings.models):
        raise ConfigError(
            "picoLLM needs an AccessKey; set PICOVOICE_ACCESS_KEY in the environment, or "
            "access_key_file"
        )


def _check_files(entry: "ModelSettings") -> None:
    for key, path in (("path", entry.path), ("library_path", entry.library_path)):
        if path is not None and (reason := why_unreadable(path)):
            raise ConfigError(f"models '{entry.name}', {key}: '{path}' cannot be read: {reason}")


def _check_template(entry: "ModelSettings") -> None:
    from picoserve.engine.engine import EngineKind
    from picoserve.prompt.served_model import ServedModel

    model = ServedModel(
        name=entry.name,
        kind=EngineKind(entry.engine),
        file_name=entry.path.stem,
        chat_template=entry.chat_template,
    )
    model.configured_template()

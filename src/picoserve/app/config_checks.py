"""What a machine may lack of what the settings name: `config check` and `doctor` look at it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from picoserve.app.access import access_from
from picoserve.app.planning import served_model
from picoserve.app.tracing import tracer_for
from picoserve.config.settings import ModelSettings, Settings
from picoserve.contexts.folder import ContextFolder, check_folder
from picoserve.errors import ConfigError
from picoserve.files import why_unreadable

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        name: What is looked at.
        look: What was seen, "" for nothing of note; raises ConfigError for a fault.
        advice: What to do about a fault.
    """

    name: str
    look: Callable[[], str]
    advice: str


def server_checks(settings: Settings) -> Iterator[Check]:
    """Everything that belongs to no model."""
    yield Check(
        "API keys",
        partial(_api_keys, settings),
        "see [auth] in `picoserve config example`, and let this user read the files",
    )
    if settings.contexts.folder is not None:
        yield Check(
            "saved contexts", partial(_contexts, settings), "set contexts.folder to one of its own"
        )
    if any(entry.engine == "picollm" for entry in settings.models):
        yield Check(
            "AccessKey",
            partial(_access_key, settings),
            "set PICOVOICE_ACCESS_KEY or access_key_file; a key is to be had from the "
            "Picovoice Console",
        )
    yield Check(
        "traces",
        partial(_traces, settings),
        "mend OpenTelemetry's variables or telemetry.endpoint",
    )


def model_checks(entry: ModelSettings) -> Iterator[Check]:
    """The files that a model's entry names."""
    yield Check(
        f"{entry.name}: file",
        partial(_files, entry),
        "set path to the model file, and let this user read it",
    )
    yield Check(
        f"{entry.name}: chat_template",
        partial(_template, entry),
        "set chat_template to a family's name or a Jinja file",
    )


def _api_keys(settings: Settings) -> str:
    access_from(settings)
    return "requests need one" if settings.auth.is_configured else "none are needed"


def _contexts(settings: Settings) -> str:
    folder = settings.contexts.folder
    if folder is None:
        return ""
    check_folder(folder)
    # Who looks may be another user than the server's: a folder is for that one to make.
    count = f"{len(ContextFolder(folder).records())} in" if folder.exists() else "the start makes"
    return f"{count} the folder"


def _access_key(settings: Settings) -> str:
    if settings.access_key():
        return "there is one; whether it is valid shows when a model starts"
    raise ConfigError(
        "picoLLM needs an AccessKey; set PICOVOICE_ACCESS_KEY in the environment, or "
        "access_key_file"
    )


def _traces(settings: Settings) -> str:
    tracer = tracer_for(settings, os.environ)
    if tracer is None:
        return ""
    with contextlib.closing(tracer):
        return "sent by OpenTelemetry"


def _files(entry: ModelSettings) -> str:
    for key, path in (("path", entry.path), ("library_path", entry.library_path)):
        if path is not None and (reason := why_unreadable(path)):
            raise ConfigError(f"models '{entry.name}', {key}: '{path}' cannot be read: {reason}")
    return f"{entry.path.name}, {entry.path.stat().st_size / _MIB:.1f} MiB"


def _template(entry: ModelSettings) -> str:
    served_model(entry).configured_template()
    return ""

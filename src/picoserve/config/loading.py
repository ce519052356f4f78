"""Reads the configuration: a TOML file, over it the environment, over that the command line."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from picoserve.config.environment import CONFIG_VARIABLE, read_environment
from picoserve.config.model import is_template_path
from picoserve.config.problems import validation_problems
from picoserve.config.schema import Location, keys_of
from picoserve.config.settings import Settings
from picoserve.config.table import Mark, Table
from picoserve.errors import ConfigError


def load_settings(
    config_file: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this run; later sources win, key by key.

    Args:
        config_file: A TOML file; without it, the one that PICOSERVE_CONFIG names.
        overrides: Values by dotted key (`server.port`), as the command line gives them; None
            counts as not given.
        environ: The environment, where it is not this process's.

    Raises:
        ConfigError: A line for each problem: where it was said, the key, what to do.
    """
    environ = os.environ if environ is None else environ
    sources = _Sources()
    here = _working_folder()
    config_file = config_file or _named_file(environ)
    if config_file is not None:
        table = _read_toml(config_file)
        sources.add(table, str(config_file), (here / config_file).parent)
    said, problems = read_environment(environ)
    for one in said:
        sources.add(_nested(one.path, one.value), f"environment {one.variable}", here)
    for key, value in (overrides or {}).items():
        if value is not None:
            sources.add(_nested(tuple(key.split(".")), value), "command line", here)
    settings = _validated(sources, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    return settings


class _Sources:
    """Tables laid over each other, with a note of who said what.

    Attributes:
        merged: What is left after later sources have replaced values of earlier ones.
        origins: The source of each value, by its place.
    """

    def __init__(self) -> None:
        self.merged: dict[str, object] = {}
        self.origins: dict[Location, str] = {}

    def add(self, table: dict[str, object], origin: str, folder: Path) -> None:
        """Lay a source's table over the earlier ones."""
        self._merge(self.merged, _anchored(Settings, table, folder), origin, ())

    def _merge(
        self, target: dict[str, object], table: dict[str, object], origin: str, place: Location
    ) -> None:
        for name, value in table.items():
            here = (*place, name)
            self.origins[here] = origin
            below = target.get(name)
            if isinstance(below, dict) and isinstance(value, dict):
                self._merge(below, value, origin, here)
            elif isinstance(value, dict):
                fresh: dict[str, object] = {}
                target[name] = fresh
                self._merge(fresh, value, origin, here)
            else:
                target[name] = value


def _validated(sources: _Sources, problems: list[str]) -> Settings:
    """The settings, or the default ones and more lines of problems."""
    try:
        return Settings.model_validate(sources.merged)
    except ValidationError as error:
        # The error holds the values, keys among them, so it goes no further.
        problems[:0] = validation_problems(error, sources.origins)
        return Settings()


def _working_folder() -> Path:
    """Where relative paths start, unless a file says them."""
    try:
        return Path.cwd()
    except OSError:
        # It has been removed under a running server: what is found by its whole path still is.
        return Path()


def _named_file(environ: Mapping[str, str]) -> Path | None:
    name = environ.get(CONFIG_VARIABLE)
    return Path(name) if name else None


def _read_toml(path: Path) -> dict[str, object]:
    try:
        # Editors on Windows begin a file with a byte-order mark.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path}: the configuration file cannot be read: {error.strerror}; "
            "`picoserve config example` prints one to start from"
        ) from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the configuration file is not text in UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def _nested(path: tuple[str, ...], value: object) -> dict[str, object]:
    for name in reversed(path[1:]):
        value = {name: value}
    return {path[0]: value}


def _anchored(table: type[Table], values: dict[str, object], folder: Path) -> dict[str, object]:
    """The values with relative paths made absolute, in inner tables too."""
    keys = {key.name: key for key in keys_of(table)}
    anchored = dict(values)
    for name, value in values.items():
        key = keys.get(name)
        if key is None:
            continue
        if isinstance(value, str):
            anchored[name] = _anchored_path(value, key.field.metadata, folder)
        elif isinstance(value, dict) and key.table:
            anchored[name] = _anchored(key.table, value, folder)
        elif isinstance(value, list) and key.items:
            inner = key.items
            anchored[name] = [
                _anchored(inner, item, folder) if isinstance(item, dict) else item for item in value
            ]
    return anchored


def _anchored_path(value: str, marks: list[object], folder: Path) -> str:
    is_path = Mark.RELATIVE in marks or (
        Mark.RELATIVE_TEMPLATE in marks and is_template_path(value)
    )
    if not value or not is_path:
        return value
    path = Path(value)
    if value.startswith("~/"):
        try:
            path = path.expanduser()
        except RuntimeError:
            raise ConfigError(
                f"'{value}': this user has no home folder; give the whole path"
            ) from None
    return str(folder / path)

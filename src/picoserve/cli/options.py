"""Options that several commands take, and the settings that they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from picoserve.config.settings import Settings

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="A TOML file; without it, the one that PICOSERVE_CONFIG names.",
        show_default=False,
    ),
]
ModelFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="FILE",
        help="Serve this .pllm or .gguf file instead of the configured models. May be repeated.",
        show_default=False,
    ),
]


def settings_from(
    config_file: Path | None,
    model_files: Sequence[Path] | None = None,
    **overrides: object,
) -> "Settings":
    """The settings of this call.

    Args:
        config_file: What --config gives.
        model_files: What --model gives.
        overrides: Values by key, with `__` for the dot; None counts as not given.

    Raises:
        ConfigError: The configuration cannot be used.
    """
    from picoserve.config.loading import load_settings
    from picoserve.config.short_cut import models_from_files

    values = {name.replace("__", "."): value for name, value in overrides.items()}
    if model_files:
        values["models"] = models_from_files(model_files)
    return load_settings(config_file, values)

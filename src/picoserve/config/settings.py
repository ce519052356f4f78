"""The whole configuration as one frozen tree."""

import ipaddress
import os
from pathlib import Path
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from picoserve.config.auth import AuthSettings
from picoserve.config.contexts import ContextSettings
from picoserve.config.limits import LimitSettings
from picoserve.config.model import ModelSettings
from picoserve.config.server import ImageSettings, LogSettings, PoolSettings, ServerSettings
from picoserve.config.table import OptionalFile, Table, read_text_file
from picoserve.config.telemetry import TelemetrySettings
from picoserve.errors import ConfigError

__all__ = ["ACCESS_KEY_VARIABLE", "ModelSettings", "Settings", "is_loopback"]

ACCESS_KEY_VARIABLE: Final = "PICOVOICE_ACCESS_KEY"


class Settings(Table):
    """Everything that a person may set."""

    access_key_file: OptionalFile = Field(default=None, examples=["picovoice-access-key.txt"])
    """A file that holds the AccessKey of Picovoice, which picoLLM needs. The environment variable
    PICOVOICE_ACCESS_KEY goes before it. The key itself is never written here."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    """Where the server listens and how it deals with requests."""

    auth: AuthSettings = Field(default_factory=AuthSettings)
    """Who may ask."""

    limits: LimitSettings = Field(default_factory=LimitSettings)
    """What each key may ask for, and each client's address where nobody needs a key. What goes
    beyond is answered with 429 and `Retry-After`."""

    pool: PoolSettings = Field(default_factory=PoolSettings)
    """The line before the engines, and the pool's patience."""

    images: ImageSettings = Field(default_factory=ImageSettings)
    """What the images of requests may cost, and whether they are fetched."""

    contexts: ContextSettings = Field(default_factory=ContextSettings)
    """Saved contexts of picoLLM engines."""

    log: LogSettings = Field(default_factory=LogSettings)
    """What is logged."""

    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    """Traces of requests, for OpenTelemetry."""

    models: tuple[ModelSettings, ...] = ()
    """The models. Without any, the small one that comes with picoserve runs on llama.cpp."""

    @field_validator("access_key_file")
    @classmethod
    def _no_key_as_file(cls, path: Path | None) -> Path | None:
        # AccessKeys are Base64 with padding; messages about a file would show this one.
        if path is not None and path.name.endswith("=="):
            raise ValueError(
                "looks like the AccessKey itself; write the key into a file and name that file"
            )
        return path

    @field_validator("models")
    @classmethod
    def _names_differ(cls, models: tuple[ModelSettings, ...]) -> tuple[ModelSettings, ...]:
        owners: dict[str, int] = {}
        for index, model in enumerate(models):
            for name in (model.name, *model.aliases):
                if name in owners:
                    raise ValueError(
                        f"the name '{name}' is used by models[{owners[name]}] and "
                        f"models[{index}]; names and aliases must all differ"
                    )
                owners[name] = index
        return models

    @model_validator(mode="after")
    def _strangers_stay_out(self) -> Self:
        if not (
            self.server.allow_anonymous or self.auth.is_configured or is_loopback(self.server.host)
        ):
            raise ValueError(
                f"server.host '{self.server.host}' can be reached from other machines and nobody "
                "needs a key; set auth.keys or auth.key_file, or server.allow_anonymous = true "
                "if everybody may use this server"
            )
        return self

    def access_key(self) -> str:
        """PicoLLM's AccessKey, from the environment, else from the file; "" without either.

        Raises:
            ConfigError: The file cannot be read or is empty.
        """
        if key := os.environ.get(ACCESS_KEY_VARIABLE, "").strip():
            return key
        if self.access_key_file is None:
            return ""
        try:
            key = read_text_file(self.access_key_file).strip()
        except ValueError as error:
            raise ConfigError(f"access_key_file: {error}") from None
        if not key:
            raise ConfigError(f"access_key_file: '{self.access_key_file}' is empty")
        return key


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

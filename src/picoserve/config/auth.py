"""The table [auth]: who may ask."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

from picoserve.config.table import OptionalFile, Table, read_text_file
from picoserve.errors import ConfigError

_DIGEST: Final = re.compile(r"sha256:[0-9a-fA-F]{64}")
_KEY: Final = re.compile(r"[!-~]+")


def _usable_key(secret: SecretStr) -> SecretStr:
    key = secret.get_secret_value()
    if not _KEY.fullmatch(key):
        raise ValueError("should be a key of printable ASCII characters without blanks")
    if key.startswith("sha256:") and not _DIGEST.fullmatch(key):
        raise ValueError("should have 64 hexadecimal digits after 'sha256:'")
    return secret


def _usable_name(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("should be printable ASCII characters without blanks")
    return key


Key = Annotated[SecretStr, AfterValidator(_usable_key)]


def _usable_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise ValueError("should not be empty")
    return secret


class LiveKitKey(Table):
    """A LiveKit API key: tokens that its secret has signed are let in."""

    key: Annotated[str, AfterValidator(_usable_name)]
    """The API key, which is the token's issuer."""

    secret: Annotated[SecretStr, AfterValidator(_usable_secret)]
    """The API secret, with which the token is signed."""


class AuthSettings(Table):
    """Who may ask. Without any key everybody may, and only loopback is listened on."""

    keys: tuple[Key, ...] = ()
    """Keys that clients send as `Authorization: Bearer …`, as they are or as `sha256:` and the
    hexadecimal digest."""

    key_file: OptionalFile = None
    """A file with more such keys, one per line; blank lines and lines with # are skipped."""

    admin_keys: tuple[Key, ...] = ()
    """Keys that may also see and steer the server itself."""

    admin_key_file: OptionalFile = None
    """A file with more of those."""

    livekit: tuple[LiveKitKey, ...] = ()
    """LiveKit API keys whose signed tokens are taken as well."""

    @property
    def is_configured(self) -> bool:
        """Whether anything here keeps strangers out."""
        return bool(
            self.keys or self.key_file or self.admin_keys or self.admin_key_file or self.livekit
        )

    def all_keys(self) -> tuple[SecretStr, ...]:
        """Every client key, those of `key_file` included.

        Raises:
            ConfigError: The file cannot be read, holds no key or a bad one.
        """
        return self.keys + _keys_of(self.key_file, "auth.key_file")

    def all_admin_keys(self) -> tuple[SecretStr, ...]:
        """Every admin key, those of `admin_key_file` included.

        Raises:
            ConfigError: The file cannot be read, holds no key or a bad one.
        """
        return self.admin_keys + _keys_of(self.admin_key_file, "auth.admin_key_file")


def _keys_of(path: Path | None, name: str) -> tuple[SecretStr, ...]:
    if path is None:
        return ()
    try:
        lines = enumerate(read_text_file(path).splitlines(), start=1)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    keys = []
    for number, line in lines:
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                keys.append(_usable_key(SecretStr(text)))
            except ValueError as error:
                raise ConfigError(f"{name}: line {number} of '{path}' {error}") from None
    if not keys:
        raise ConfigError(f"{name}: '{path}' holds no key; write one per line")
    return tuple(keys)

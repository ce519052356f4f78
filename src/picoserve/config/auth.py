"""The table [auth]: who may ask."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from picoserve.config.table import OptionalFile, Table

_DIGEST: Final = re.compile(r"sha256:[0-9a-fA-F]{64}")
_KEY: Final = re.compile(r"[!-~]+")


def check_key(key: str) -> None:
    """Raise ValueError where no client could send the key, or a digest is malformed."""
    if not _KEY.fullmatch(key):
        raise ValueError("should be a key of printable ASCII characters without blanks")
    if key.startswith("sha256:") and not _DIGEST.fullmatch(key):
        raise ValueError("should have 64 hexadecimal digits after 'sha256:'")


def _usable_key(secret: SecretStr) -> SecretStr:
    check_key(secret.get_secret_value())
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

    key: Annotated[str, AfterValidator(_usable_name)] = Field(examples=["devkey"])
    """The API key, which is the token's issuer."""

    secret: Annotated[SecretStr, AfterValidator(_usable_secret)] = Field(
        examples=["a-secret-of-at-least-32-characters"]
    )
    """The API secret, with which the token is signed."""


class AuthSettings(Table):
    """Who may ask. Without any key everybody may, and only loopback is listened on."""

    keys: tuple[Key, ...] = ()
    """Keys that clients send as `Authorization: Bearer …`, as they are or as `sha256:` and the
    hexadecimal digest."""

    key_file: OptionalFile = Field(default=None, examples=["keys.txt"])
    """A file in UTF-8 with more such keys, one per line. What follows ` # ` behind a key is its
    name in the log; a key itself has no blanks."""

    admin_keys: tuple[Key, ...] = ()
    """Keys that may also see and steer the server itself."""

    admin_key_file: OptionalFile = Field(default=None, examples=["admin-keys.txt"])
    """A file with more of those."""

    metrics_keys: tuple[Key, ...] = ()
    """Keys that may read /metrics and nothing else. Without any, /metrics is like the rest."""

    livekit: tuple[LiveKitKey, ...] = ()
    """LiveKit API keys whose signed tokens are taken as well."""

    @property
    def has_static_keys(self) -> bool:
        """Whether there are keys that a client sends as they are."""
        return bool(self.keys or self.key_file)

    @property
    def is_configured(self) -> bool:
        """Whether a client needs a key. Keys for admins alone keep nobody out of the rest."""
        return self.has_static_keys or bool(self.livekit)

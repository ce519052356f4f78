"""Static bearer keys: from the configuration, and from a file that is read again as it changes."""

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from picoserve.errors import ConfigError
from picoserve.logs import get_logger

_HASHED: Final = "sha256:"
_DIGEST_BYTES: Final = 32

_log = get_logger(__name__)


class KeyRing:
    """Keys as digests; a secret is never kept longer than it takes to hash it."""

    def __init__(self, keys: Iterable[str], file: Path | None = None) -> None:
        """Take keys as they are, or as `sha256:` and 64 hexadecimal digits.

        Raises:
            ConfigError: A digest is malformed, or the file cannot be read.
        """
        self._fixed = [_digest(key) for key in keys]
        self._file = file
        self._file_digests: list[bytes] = []
        self._file_version: tuple[int, int] | None = None
        if file is not None:
            try:
                self._read_file(file)
            except OSError as error:
                raise ConfigError(f"auth.key_file '{file}': {error.strerror}") from error

    def __bool__(self) -> bool:
        """True when there is a key to check against, or a file to find one in."""
        return bool(self._fixed) or self._file is not None

    def knows(self, key: str) -> bool:
        """Whether the key is one of ours.

        Every digest is compared, whatever the result so far, so that the time tells nothing.
        """
        self._refresh()
        given = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        known = False
        for digest in (*self._fixed, *self._file_digests):
            known |= hmac.compare_digest(given, digest)
        return known

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            self._read_file(self._file)
        except (OSError, ConfigError) as error:
            # Half-written or gone for a moment: the keys read last go on working.
            _log.warning("key file cannot be read again", reason=type(error).__name__)

    def _read_file(self, file: Path) -> None:
        facts = file.stat()
        version = (facts.st_mtime_ns, facts.st_size)
        if version == self._file_version:
            return
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ConfigError(f"auth.key_file '{file}' is not text in UTF-8") from None
        lines = (line.strip() for line in text.splitlines())
        self._file_digests = [_digest(line) for line in lines if line and line[0] != "#"]
        self._file_version = version


def _digest(key: str) -> bytes:
    if not key.startswith(_HASHED):
        return hashlib.sha256(key.encode()).digest()
    try:
        digest = bytes.fromhex(key.removeprefix(_HASHED))
    except ValueError:
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise ConfigError("auth.keys: 'sha256:' must be followed by 64 hexadecimal digits")
    return digest

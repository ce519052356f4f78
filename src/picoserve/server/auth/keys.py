"""Static bearer keys: from the configuration, and from a file that is read again as it changes."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from picoserve.config.auth import check_key
from picoserve.errors import ConfigError
from picoserve.logs import get_logger

_HASHED: Final = "sha256:"
_NAME: Final = re.compile(r"\s+#\s*")

_log = get_logger(__name__)


class KeyRing:
    """Keys as digests; a secret is never kept longer than it takes to hash it.

    A key's name is its place (`auth.keys[0]`, `auth.key_file:3`), or what follows a `#` behind
    it in the file.
    """

    def __init__(
        self, keys: Iterable[str], file: Path | None = None, *, setting: str = "auth.key"
    ) -> None:
        """Take keys as they are, or as `sha256:` and 64 hexadecimal digits.

        Args:
            keys: Such as `check_key` lets pass.
            setting: Where they are set, for names and errors: `auth.key` for `auth.keys` and
                `auth.key_file`.

        Raises:
            ConfigError: The file cannot be read, or one of its lines holds no key.
        """
        self._setting = setting
        self._fixed = [(f"{setting}s[{i}]", _digest(key)) for i, key in enumerate(keys)]
        self._file = file
        self._from_file: list[tuple[str, bytes]] = []
        self._file_version: tuple[int, int] | None = None
        if file is not None:
            try:
                self._read_file(file)
            except OSError as error:
                raise ConfigError(f"{setting}_file '{file}': {error.strerror}") from error

    def __bool__(self) -> bool:
        """True when there is a key to check against, or a file to find one in."""
        return bool(self._fixed) or self._file is not None

    def knows(self, key: str) -> bool:
        """Whether the key is one of ours."""
        return self.name_of(key) is not None

    def name_of(self, key: str) -> str | None:
        """The name of a key that is one of ours, None for any other.

        Every digest is compared, whatever the result so far, so that the time tells nothing.
        """
        self._refresh()
        given = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        found = None
        for name, digest in (*self._fixed, *self._from_file):
            if hmac.compare_digest(given, digest):
                found = name
        return found

    def names(self) -> list[str]:
        """The names of all keys."""
        self._refresh()
        return [name for name, _ in (*self._fixed, *self._from_file)]

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            self._read_file(self._file)
        except (OSError, ConfigError) as error:
            # Half-written or gone for a moment: the keys read last go on working.
            _log.warning("key file cannot be read again; the old keys stay", reason=str(error))

    def _read_file(self, file: Path) -> None:
        facts = file.stat()
        version = (facts.st_mtime_ns, facts.st_size)
        if version == self._file_version:
            return
        data = file.read_bytes()
        # What is wrong with these bytes is told once.
        self._file_version = version
        try:
            # Editors on Windows begin a file with a byte-order mark.
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigError(f"{self._setting}_file '{file}' is not text in UTF-8") from None
        lines = enumerate((line.strip() for line in text.splitlines()), start=1)
        self._from_file = [
            self._named(line, number) for number, line in lines if line and line[0] != "#"
        ]

    def _named(self, line: str, number: int) -> tuple[str, bytes]:
        key, *name = _NAME.split(line, maxsplit=1)
        try:
            check_key(key)
        except ValueError as error:
            raise ConfigError(
                f"{self._setting}_file '{self._file}', line {number}: {error}; "
                "a name goes behind ' # '"
            ) from None
        return name[0] if name and name[0] else f"{self._setting}_file:{number}", _digest(key)


def _digest(key: str) -> bytes:
    if key.startswith(_HASHED):
        return bytes.fromhex(key.removeprefix(_HASHED))
    return hashlib.sha256(key.encode()).digest()

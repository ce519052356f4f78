"""The folder of the saved contexts: for each a private folder with the engine's file and a record.

    <folder>/ctx_…/context.bin     what the engine wrote
                   context.json    the record
    <folder>/.new-ctx_…/           being written; renamed once it is whole

Every name is made here: nothing of a request becomes a path. A context's file holds what its
prompt says, so only the server's own user may read it.
"""

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from picoserve.contexts.record import FORMAT, ContextRecord
from picoserve.errors import ConfigError
from picoserve.logs import get_logger

_ID: Final = re.compile(r"ctx_[0-9a-f]{24}")
_FILE: Final = "context.bin"
_RECORD: Final = "context.json"
_NEW: Final = ".new-"
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_MAX_RECORD_BYTES: Final = 64 * 1024
# What a server that was killed left half-written; another one may still be writing.
_ABANDONED_SECONDS: Final = 86_400.0

_log = get_logger(__name__)


def check_folder(path: Path) -> None:
    """Look whether contexts could be kept there; changes nothing, and makes no folder.

    Raises:
        ConfigError: It cannot be made or written, or everybody may write there.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        parent = next(parent for parent in path.absolute().parents if parent.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            raise ConfigError(
                f"contexts.folder '{path}': there is none, and this user may not make it in "
                f"'{parent}'"
            ) from None
        return
    except OSError as error:
        raise ConfigError(f"contexts.folder '{path}': {error.strerror}") from error
    if not stat.S_ISDIR(mode):
        raise ConfigError(f"contexts.folder '{path}': not a folder")
    if mode & stat.S_IWOTH:
        raise ConfigError(f"contexts.folder '{path}': everybody may write there")
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"contexts.folder '{path}': this user may not write there")


class ContextFolder:
    """The files of one server's contexts."""

    def __init__(self, path: Path) -> None:
        """Make the folder ready.

        Raises:
            ConfigError: It cannot be made or written, or everybody may write there.
        """
        try:
            path.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
            self._path = path.resolve(strict=True)
        except OSError as error:
            raise ConfigError(f"contexts.folder '{path}': {error.strerror}") from error
        check_folder(path)

    def records(self) -> list[ContextRecord]:
        """The contexts that are there, oldest first; what is damaged or strange is left alone."""
        found = []
        for entry in sorted(self._path.iterdir()):
            if _ID.fullmatch(entry.name):
                try:
                    found.append(_read_record(entry))
                except (OSError, ValueError) as error:
                    _log.warning("saved context left out", id=entry.name, reason=str(error))
        return sorted(found, key=lambda record: record.created)

    def remove_abandoned(self) -> None:
        """Remove what servers before this one have left half-written."""
        for folder in self._path.glob(f"{_NEW}*"):
            with contextlib.suppress(OSError):
                if time.time() - folder.lstat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def begin(self) -> tuple[str, Path]:
        """A new id, and the file that an engine may write for it."""
        name = f"ctx_{secrets.token_hex(12)}"
        folder = self._path / f"{_NEW}{name}"
        folder.mkdir(_PRIVATE_FOLDER)
        return name, folder / _FILE

    def written_bytes(self, name: str) -> int:
        """Size of the file that an engine has written for a new id.

        Raises:
            OSError: There is no such file, or it is no file.
        """
        file = self._path / f"{_NEW}{name}" / _FILE
        _check_own(file, stat.S_ISREG)
        file.chmod(_PRIVATE_FILE)
        return file.stat().st_size

    def publish(self, record: ContextRecord) -> None:
        """Make a new context appear, all at once."""
        new = self._path / f"{_NEW}{record.id}"
        _write_record(new, record)
        new.rename(self._path / record.id)

    def discard(self, name: str) -> None:
        """Remove what was begun and is not wanted."""
        shutil.rmtree(self._path / f"{_NEW}{name}", ignore_errors=True)

    def update(self, record: ContextRecord) -> None:
        """Write the record of a published context anew, if it is still there."""
        with contextlib.suppress(OSError):
            _write_record(self._path / record.id, record)

    def remove(self, name: str) -> None:
        """Remove a published context: gone at once, even where much is to be deleted."""
        grave = self._path / f"{_NEW}{name}"
        with contextlib.suppress(OSError):
            (self._path / name).rename(grave)
        shutil.rmtree(grave, ignore_errors=True)

    def file_of(self, record: ContextRecord) -> Path:
        """The file of a published context, as its engine wrote it.

        Raises:
            OSError: It is gone, or another file stands in its place.
        """
        folder = self._path / record.id
        file = folder / _FILE
        _check_own(folder, stat.S_ISDIR)
        if _check_own(file, stat.S_ISREG).st_size != record.bytes:
            raise OSError(f"'{_FILE}' has another size")
        return file


def _check_own(path: Path, is_kind: Callable[[int], bool]) -> os.stat_result:
    """What the path itself is, links not followed. Raises OSError for what is not ours."""
    facts = path.lstat()
    if not is_kind(facts.st_mode) or facts.st_uid != os.geteuid():
        raise OSError(f"'{path.name}' is not what this server's user has written")
    return facts


def _read_record(folder: Path) -> ContextRecord:
    """The record in a context's folder. Raises OSError, or ValueError where it makes no sense."""
    file = folder / _RECORD
    _check_own(folder, stat.S_ISDIR)
    if _check_own(file, stat.S_ISREG).st_size > _MAX_RECORD_BYTES:
        raise ValueError(f"'{_RECORD}' is too large")
    try:
        record = msgspec.json.decode(file.read_bytes(), type=ContextRecord)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"'{_RECORD}': {error}") from error
    if record.id != folder.name or record.format != FORMAT:
        raise ValueError(f"'{_RECORD}' is of another context or another version")
    return record


def _write_record(folder: Path, record: ContextRecord) -> None:
    draft = folder / f"{_RECORD}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(draft, flags, _PRIVATE_FILE), "wb") as file:  # noqa: PTH123
        file.write(msgspec.json.encode(record))
    draft.rename(folder / _RECORD)

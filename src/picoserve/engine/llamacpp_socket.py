"""The folder of the Unix socket on which llama.cpp's own server object listens."""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Final

_PREFIX: Final = "picoserve-llama-"
_RANDOM: Final = "12345678"  # as long as what `tempfile` adds to a prefix
_SOCKET: Final = "llama.sock"
# The system's limit is 108 bytes, on macOS 104, with the zero at the end.
_MOST_PATH_BYTES: Final = 100


class SocketFolder:
    """A folder that only this user can enter.

    A worker that is killed leaves its folder behind; the next one on the machine removes it.

    Attributes:
        socket: The path of the socket in it.
    """

    def __init__(self) -> None:
        """Make the folder. Raises OSError where the system has no place for it."""
        parent = _parent()
        for folder in parent.glob(f"{_PREFIX}*"):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent)
        self.socket = Path(self._folder.name) / _SOCKET

    def remove(self) -> None:
        """Nobody listens any more."""
        self._folder.cleanup()


def _parent() -> Path:
    """The system's folder for temporary files, or `/tmp` where that is too long for a socket."""
    parent = Path(tempfile.gettempdir())
    path = parent / f"{_PREFIX}{_RANDOM}" / _SOCKET
    return parent if len(os.fsencode(path)) <= _MOST_PATH_BYTES else Path("/tmp")  # noqa: S108


def _is_abandoned(folder: Path) -> bool:
    """Whether its process has gone. Process ids would not tell: containers may share a folder."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(folder / _SOCKET))
        except ConnectionRefusedError:
            return True
        except OSError:  # somebody else's, or its engine has only begun to load
            return False
    return False

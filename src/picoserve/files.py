"""Files that a person names: whether they can be read, and why not."""

import os
import stat
from errno import EISDIR
from pathlib import Path


def why_unreadable(path: Path) -> str:
    """Why this is no file that this user can read, in the system's words; "" where it is one.

    `Path.is_file()` does not do: before Python 3.14 it raises where a folder on the way is closed
    to this user or a name is too long, and from there on it hides that.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return os.strerror(EISDIR)
        if not stat.S_ISREG(mode):
            return "Not a regular file"
        with path.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__

"""Standard input, output and error of a process that was started without, or whose disk is full."""

import os
import sys
from typing import Final

_MODES: Final = {"stdin": "r", "stdout": "w", "stderr": "w"}


def open_closed_streams() -> None:
    """Put the null device in the place of standard streams that are closed.

    They are None then (`2>&-`, some programs that start daemons), and the next socket would take
    the number of one, for a library to write its complaints to.
    """
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode))


def drop_output() -> None:
    """Send what standard output still holds to the null device: it would fail again at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)

"""`python -m picoserve.worker FD`: started by the pool only, with one end of a socket pair."""

import ctypes
import faulthandler
import signal
import socket
import sys
from typing import Final

from picoserve.engine.child_signals import leave_signals_to_the_server
from picoserve.engine.loading import load_engine
from picoserve.worker.process import WorkerProcess

_PR_SET_PDEATHSIG: Final = 1  # of <linux/prctl.h>


def main() -> None:
    """Serve the pipe whose file descriptor is the first argument."""
    faulthandler.enable()
    leave_signals_to_the_server()
    _wake_as_an_orphan()
    with socket.socket(fileno=int(sys.argv[1])) as pipe:
        WorkerProcess(pipe, load_engine).run()


def _wake_as_an_orphan() -> None:
    """Have the kernel wake this process when the server has gone.

    A stopped worker (SIGSTOP) could not see the end of its pipe and would stay for ever.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


main()

"""`python -m picoserve.worker FD`: started by the pool only, with one end of a socket pair."""

import ctypes
import faulthandler
import signal
import socket
import sys
from typing import Final

from picoserve.engine.loading import load_engine
from picoserve.worker.process import WorkerProcess

_PR_SET_PDEATHSIG: Final = 1  # of <linux/prctl.h>


def main() -> None:
    """Serve the pipe whose file descriptor is the first argument."""
    faulthandler.enable()
    _wake_as_an_orphan()
    # A terminal's Ctrl-C and systemd's SIGTERM reach the whole group; the server alone decides
    # when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as pipe:
        WorkerProcess(pipe, load_engine).run()


def _wake_as_an_orphan() -> None:
    """Have the kernel wake this process when the server has gone.

    A stopped worker (SIGSTOP) could not see the end of its pipe and would stay for ever.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


main()

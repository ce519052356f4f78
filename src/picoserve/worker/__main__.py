"""`python -m picoserve.worker FD`: started by the pool only, with one end of a socket pair."""

import faulthandler
import signal
import socket
import sys

from picoserve.engine.loading import load_engine
from picoserve.worker.process import WorkerProcess


def main() -> None:
    """Serve the pipe whose file descriptor is the first argument."""
    faulthandler.enable()
    # A terminal's Ctrl-C and systemd's SIGTERM reach the whole group; the server alone decides
    # when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as pipe:
        WorkerProcess(pipe, load_engine).run()


main()

"""The command line on a terminal: a pseudo-terminal of 80 columns."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Generator
from threading import Thread

from tests.support.server import wait_until

ROWS, COLUMNS = 24, 80
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process on a terminal, and everything that it has shown."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self._output = b""
        self._seen = 0
        self._reader = Thread(target=self._read)
        self._reader.start()

    @property
    def text(self) -> str:
        """What it has shown so far, one look after the other, without colours."""
        return _plain(self._output)

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Return once this has been shown since the last wait or the last keys."""
        wait_until(lambda: text in _plain(self._output[self._seen :]), seconds)
        self._seen = len(self._output)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._seen = len(self._output)
        os.write(self._master, keys.encode())

    def interrupt(self) -> int:
        """Ctrl-C, as the terminal would send it. Returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)

    def close(self) -> None:
        """End the process, where it has not ended, and let the terminal go."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)

    def _read(self) -> None:
        # Linux tells of the other end's being closed by an error.
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 4096):
                self._output += data


def _plain(output: bytes) -> str:
    return _CONTROL.sub(b"", output).decode(errors="replace").replace("\r\n", "\n")


@contextlib.contextmanager
def on_terminal(*arguments: str) -> Generator[Terminal, None, None]:
    """Run `picoserve` with these arguments on a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "picoserve", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)},
    )
    os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        terminal.close()

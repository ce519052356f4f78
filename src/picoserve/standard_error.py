"""Standard error, for an event loop that may not wait for who reads it.

A pager, a terminal that was stopped with Ctrl-S, a log shipper that hangs: a write to what none of
them reads waits, and all streams with it. What cannot be written at once is kept, and written by a
thread.
"""

import atexit
import contextlib
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from typing_extensions import override

_DESCRIPTOR: Final = 2
_MOST_BYTES: Final = 4 * 1024 * 1024
_FAREWELL_SECONDS: Final = 1.0


class StandardError(io.TextIOBase):
    """A stream whose writes never wait. Made once for a process; any thread may write.

    What a full disk does not take, or nobody will ever read, is lost and costs nothing else.
    """

    def __init__(self, on_loss: Callable[[int], None]) -> None:
        """Write to standard error.

        Args:
            on_loss: Told how many texts there was no room for, once the others are written.
        """
        self._on_loss = on_loss
        self._descriptor = _own_description(_DESCRIPTOR)
        self._room = select.poll()
        self._room.register(self._descriptor, select.POLLOUT)
        self._changed = threading.Condition()
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._lost = 0
        self._thread: threading.Thread | None = None
        atexit.register(self._finish)

    @override
    def write(self, text: str) -> int:
        """Write, or keep for later."""
        if sys.stderr is not sys.__stderr__:
            # A progress bar stands there, and lets what is written pass above it.
            with contextlib.suppress(OSError):
                sys.stderr.write(text)
            return len(text)
        data = text.encode(errors="backslashreplace")
        with self._changed:
            if not self._kept:
                data = self._write_at_once(data)
            if data:
                self._keep(data)
        return len(text)

    def _write_at_once(self, data: bytes) -> bytes:
        """Write as far as nobody has to be waited for. Returns what is left."""
        while data and self._room.poll(0):
            try:
                # As much as a pipe with room takes without waiting.
                written = os.write(self._descriptor, data[: select.PIPE_BUF])
            except BlockingIOError:
                break
            except OSError:
                return b""
            data = data[written:]
        return data

    def _keep(self, data: bytes) -> None:
        if self._kept and self._kept_bytes + len(data) > _MOST_BYTES:
            self._lost += 1
            return
        self._kept.append(data)
        self._kept_bytes += len(data)
        if self._thread is None:
            thread = threading.Thread(target=self._write_kept, name="log", daemon=True)
            # Where none can be started the next text tries again.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread
        self._changed.notify_all()

    def _write_kept(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._kept)
                kept = data = self._kept[0]
            while data:
                # Nobody else asks for room, or writes, while something is kept.
                self._room.poll()
                data = self._write_at_once(data)
            with self._changed:
                self._kept.popleft()
                self._kept_bytes -= len(kept)
                lost = 0
                if not self._kept:
                    lost, self._lost = self._lost, 0
                self._changed.notify_all()
            if lost:
                self._on_loss(lost)

    def _finish(self) -> None:
        """Give who reads a moment for what is kept."""
        with self._changed:
            self._changed.wait_for(lambda: not self._kept, _FAREWELL_SECONDS)


def _own_description(descriptor: int) -> int:
    """A descriptor that may be written to as soon as it has room.

    A terminal has room when it takes one character, and waits for the rest. Opened anew it is
    told not to, which is no business of others who have it open.
    """
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    return descriptor

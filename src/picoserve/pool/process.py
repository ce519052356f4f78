"""Starting a worker process and talking to it over a socket pair.

The child is a fresh interpreter (CUDA must not be forked) that inherits exactly one end of the
pair; when this end closes, for whatever reason, the child ends itself. What it prints, native
code included, becomes log lines.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final, cast

import msgspec
from typing_extensions import override

from picoserve.engine.child_environment import child_environment
from picoserve.logs import get_logger
from picoserve.pool.worker_output import WorkerOutput
from picoserve.worker.messages import Command, FrameReader, Report, decode_report, encode_frame

_MAX_LINE_BYTES: Final = 64 * 1024
_READ_BYTES: Final = 256 * 1024
_LAST_READS: Final = 16  # more than the pipe holds

_log = get_logger(__name__)


class WorkerPipe(asyncio.Protocol):
    """Frames in both directions; reports are handed on as they arrive."""

    def __init__(
        self, pipe: socket.socket, on_report: Callable[[Report], None], on_lost: Callable[[], None]
    ) -> None:
        # A write to a worker that has just died ends the transport, whatever is still unread.
        self._unread = pipe.dup()
        self._on_report = on_report
        self._on_lost = on_lost
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pair is connected."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Bytes from the worker."""
        try:
            for body in self._reader.feed(data):
                self._on_report(decode_report(body))
        except (ValueError, msgspec.MsgspecError):
            _log.exception("worker sent something unreadable")
            self.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has closed its end, or has ended; what it said before counts."""
        self._transport = None
        with self._unread as unread, contextlib.suppress(OSError):
            for _ in range(_LAST_READS):
                data = unread.recv(_READ_BYTES, socket.MSG_DONTWAIT)
                if not data:
                    break
                self.data_received(data)
        self._on_lost()

    def send(self, command: Command) -> None:
        """Write a command. Does nothing once the pipe is closed."""
        if self._transport is not None:
            self._transport.write(encode_frame(command))

    def close(self) -> None:
        """Close this end; the worker ends itself."""
        if self._transport is not None:
            self._transport.abort()


class ChildProcess:
    """A worker's operating-system process."""

    def __init__(self, process: asyncio.subprocess.Process, output: WorkerOutput) -> None:
        self._process = process
        self._output = asyncio.create_task(self._log_output(output), name="output of a worker")

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def wait(self) -> int:
        """The exit status; negative for a signal."""
        status = await self._process.wait()
        # Unlike awaiting the task itself, this leaves it alone when the caller is cancelled.
        await asyncio.wait([self._output])
        return status

    async def ended_within(self, seconds: float) -> int | None:
        """The exit status, or None when the process has not ended by then.

        What it has left behind may hold its output open, and is not waited for any longer.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.wait()
        return self._process.returncode

    def kill(self) -> None:
        """End the process at once, unless it is stuck in a driver."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def _log_output(self, output: WorkerOutput) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the stream's limit: drop what is buffered
                continue
            if not line:
                return
            output.take(line.decode(errors="replace"))


async def start_worker(
    output: WorkerOutput, on_report: Callable[[Report], None], on_lost: Callable[[], None]
) -> tuple[ChildProcess, WorkerPipe]:
    """Start a worker process and connect to it. Raises OSError when the system refuses."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "picoserve.worker",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=child_environment(),
                limit=_MAX_LINE_BYTES,
            )
        except BaseException:
            ours.close()
            raise
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    _, pipe = await loop.create_unix_connection(
        lambda: WorkerPipe(ours, on_report, on_lost), sock=ours
    )
    return ChildProcess(process, output), pipe

"""Processes that a benchmark starts: each has a log, and an end."""

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from benchmarks.connection import ContestantError
from benchmarks.loads import Target
from benchmarks.stage import Stage
from tests.support.models import MODEL
from tests.support.server import free_port

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.005


class Talker:
    """A process that answers lines of JSON with lines of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: object) -> dict[str, float]:
        """Its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self.listen()

    def listen(self) -> dict[str, float]:
        """What it says next.

        Raises:
            ContestantError: It has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ContestantError(f"ended: {self._process.args!r}")
        answer: dict[str, float] = json.loads(line)
        return answer


def command(module: str, *arguments: object) -> list[str]:
    """A command line that runs a module of this project."""
    return [sys.executable, "-m", module, *map(str, arguments)]


@contextmanager
def talker(stage: Stage, name: str, arguments: Sequence[str]) -> Generator[Talker, None, None]:
    """A process to talk with."""
    with (stage.new_folder(name) / "log").open("wb") as log:
        process = subprocess.Popen(
            arguments, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    with process, _ending(process):
        yield Talker(process)


@contextmanager
def server(
    stage: Stage, name: str, arguments: Callable[[int], Sequence[str]], path: str
) -> Generator[Target, None, None]:
    """A server on a free port, ready when `path` answers 200.

    Raises:
        ContestantError: It ended, or is not ready in time.
    """
    port = free_port()
    with (stage.new_folder(name) / "log").open("wb") as log:
        process = subprocess.Popen(arguments(port), stdout=log, stderr=subprocess.STDOUT)
    with _ending(process):
        wait_ready(process, port, path)
        yield Target(port, process.pid, MODEL)


def wait_ready(process: subprocess.Popen[Any], port: int, path: str) -> None:
    """Ask until the answer is 200."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ContestantError(f"ended with status {process.returncode}: {process.args!r}")
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", path)
            status = connection.getresponse().status
            connection.close()
            if status == http.client.OK:
                return
        time.sleep(_POLL_SECONDS)
    raise ContestantError(f"not ready in time: {process.args!r}")


@contextmanager
def _ending(process: subprocess.Popen[Any]) -> Generator[None, None, None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

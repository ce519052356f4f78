"""Worker processes as the operating system sees them."""

import os
import signal
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from typing import NamedTuple

from tests.support.server import RunningServer, wait_until


def worker_pids(server: RunningServer) -> list[int]:
    """The server's living worker processes, oldest first."""
    return sorted(
        pid for pid, process in _processes().items() if process.parent == server.process.pid
    )


def all_gone(pids: Iterable[int]) -> bool:
    """Whether none of these processes lives on."""
    return not set(pids) & set(_processes())


@contextmanager
def frozen_workers(server: RunningServer) -> Generator[list[int], None, None]:
    """While this lasts the engines do nothing, as if each had an endless prompt to read."""
    pids = worker_pids(server)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    # The signal stops a process's other threads only once its first one has been scheduled.
    wait_until(lambda: all(_processes()[pid].is_stopped for pid in pids))
    try:
        yield pids
    finally:
        for pid in pids:
            # One that was killed meanwhile goes at any moment.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def wait_idle(server: RunningServer) -> None:
    """Return once no place is taken and nobody waits."""
    wait_until(lambda: server.load() == (0, 0))


class _Process(NamedTuple):
    parent: int
    is_stopped: bool


def _processes() -> dict[int, _Process]:
    """Every living process; zombies are dead."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {
        int(pid): _Process(int(parent), is_stopped=state[0] == "T")
        for pid, parent, state in rows
        if state[0] != "Z"
    }

"""Worker processes as the operating system sees them."""

import os
import signal
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from tests.support.server import RunningServer, wait_until


def worker_pids(server: RunningServer) -> list[int]:
    """The server's living worker processes, oldest first."""
    return sorted(pid for pid, parent in _processes().items() if parent == server.process.pid)


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
    try:
        yield pids
    finally:
        for pid in pids:
            if not all_gone([pid]):
                os.kill(pid, signal.SIGCONT)


def wait_idle(server: RunningServer) -> None:
    """Return once no place is taken and nobody waits."""
    wait_until(lambda: server.busy() == 0 and server.waiting() == 0)


def _processes() -> dict[int, int]:
    """Every living process with its parent; zombies are dead."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if state[0] != "Z"}

"""Watching one worker: is its process alive, do its jobs get on, does its memory stay in bounds.

A crash shows by itself, as the end of the pipe. This watches for what does not: a frozen
process, native code that never returns, and memory that grows. Each ends in one kill, and the
keeper starts the worker again.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from picoserve.logs import get_logger
from picoserve.pool.handle import WorkerHandle

_MIB: Final = 1024 * 1024
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """What a worker may do. Times in seconds.

    Attributes:
        heartbeat_seconds: Between two pings of the worker's listener thread.
        silence_seconds: Longest time without any sign of life.
        first_piece_seconds: Longest time from a job's start to its first piece; a long prompt
            on a slow device needs minutes.
        next_piece_seconds: Longest time between two pieces.
        max_memory_mib: Resident memory of the process in MiB; 0 for no limit.
    """

    heartbeat_seconds: float = 5.0
    silence_seconds: float = 20.0
    first_piece_seconds: float = 600.0
    next_piece_seconds: float = 60.0
    max_memory_mib: int = 0


async def watch_worker(handle: WorkerHandle, limits: WatchLimits) -> None:
    """Look at the worker again and again; kill it when it breaks a limit. Runs until cancelled."""
    now = asyncio.get_running_loop().time
    while True:
        handle.ping()
        awake = now() + limits.heartbeat_seconds
        await asyncio.sleep(limits.heartbeat_seconds)
        if now() - awake > limits.heartbeat_seconds:
            # This process itself stood still: stopped, suspended, or asleep with its machine.
            handle.excuse(now() - awake)
        problem = _problem(handle, limits)
        if problem:
            _log.warning("worker killed", engine=handle.spec.name, reason=problem)
            handle.kill()
            return


def _problem(handle: WorkerHandle, limits: WatchLimits) -> str:
    now = asyncio.get_running_loop().time()
    if now - handle.last_sign > limits.silence_seconds:
        return f"no sign of life for {limits.silence_seconds:g} s"
    for stream in handle.running():
        limit = limits.next_piece_seconds if stream.has_pieces else limits.first_piece_seconds
        if now - stream.last_report > limit:
            return f"a job has brought nothing for {limit:g} s"
    if limits.max_memory_mib and handle.pid is not None:
        memory = _resident_mib(handle.pid)
        if memory > limits.max_memory_mib:
            return f"{memory} MiB of memory, more than {limits.max_memory_mib}"
    return ""


def _resident_mib(pid: int) -> int:
    """Resident memory of a process; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * _PAGE_BYTES // _MIB

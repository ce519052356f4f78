"""A server's life: serve, obey signals, drain, end.

A server that has been asked to end stops being ready and refuses new work, but goes on listening,
so that probes and late clients get an answer; streams may finish within `drain_seconds`, then
they end with an error event.
"""

import asyncio
import contextlib
import socket
from typing import Final

import uvicorn

from picoserve.app.signals import Signals
from picoserve.logs import get_logger
from picoserve.pool.pool import Pool

_IDLE_POLL_SECONDS: Final = 0.02
_BROKEN_STATUS: Final = 3

_log = get_logger(__name__)


async def run_server(
    server: uvicorn.Server,
    pool: Pool,
    listeners: list[socket.socket],
    signals: Signals,
    *,
    drain_seconds: float,
    exit_when_broken: bool,
) -> int:
    """Serve until a signal or the engines' end. Returns the exit status."""
    tasks = [asyncio.create_task(_drain(server, pool, drain_seconds, signals))]
    if exit_when_broken:
        tasks.append(asyncio.create_task(_end_when_broken(server, pool)))
    await server.serve(listeners)
    for task in tasks:
        task.cancel()
    if exit_when_broken and pool.broken.is_set():
        return _BROKEN_STATUS
    return 0 if server.started else 1


async def _end_when_broken(server: uvicorn.Server, pool: Pool) -> None:
    await pool.broken.wait()
    _log.error("no engine can be restored; the server ends")
    pool.drain()
    pool.abort()
    server.should_exit = True


async def _drain(
    server: uvicorn.Server,
    pool: Pool,
    seconds: float,
    signals: Signals,
) -> None:
    await signals.stop.wait()
    _log.info("draining", seconds=seconds)
    pool.drain()
    if not await _finished_within(server, pool, seconds, signals.hurry):
        _log.warning("drain time is over; ending what is left")
        pool.abort()
    server.should_exit = True


async def _finished_within(
    server: uvicorn.Server, pool: Pool, seconds: float, hurry: asyncio.Event
) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not hurry.is_set():
                if pool.is_idle and _has_sent_all(server):
                    return True
                await asyncio.sleep(_IDLE_POLL_SECONDS)
    return False


def _has_sent_all(server: uvicorn.Server) -> bool:
    """Whether the clients' sockets have taken everything that was written to them."""
    transports = [connection.transport for connection in server.server_state.connections]
    return not any(transport.get_write_buffer_size() for transport in transports)

"""Settings → a running server."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from importlib import import_module

import uvloop

from picoserve.app.listening import listening_sockets
from picoserve.app.open_files import make_room_for
from picoserve.app.parts import Parts, parts_from
from picoserve.app.reloading import Reloading
from picoserve.app.signals import Signals
from picoserve.config.settings import Settings
from picoserve.logs import configure_logging, get_logger

_log = get_logger(__name__)


def serve(settings: Settings, read: Callable[[], Settings], signals: Signals) -> int:
    """Serve until told to stop. Returns the exit status.

    Args:
        read: Reads the settings again, for when a person has changed them.
        signals: What was asked for since the start began counts.

    Raises:
        ConfigError: The configuration cannot be served, or the port is in use.
    """
    configure_logging(settings.log.level, settings.log.format)
    parts = parts_from(settings)
    listeners = listening_sockets(settings.server.host, settings.server.port)
    room = make_room_for(settings.server.max_connections, engines=len(parts.pool.statuses()))
    reloading = Reloading(settings, read, parts.access, parts.ledger)
    with (
        contextlib.closing(parts.tracer) if parts.tracer else contextlib.nullcontext(),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_serve(parts, reloading, signals, listeners, room))


async def _serve(
    parts: Parts,
    reloading: Reloading,
    signals: Signals,
    listeners: list[socket.socket],
    max_connections: int,
) -> int:
    signals.follow()
    if signals.stop.is_set():
        # Each start of a picoLLM engine may count as an activation.
        _log.info("stopped before any engine was started")
        return 0
    async with parts.pool:
        reading = asyncio.create_task(reloading.run(signals.reload))
        # Loading the web framework takes as long as starting workers does: both at a time saves
        # a quarter of the time until the server is ready.
        await asyncio.to_thread(import_module, "picoserve.app.web")
        from picoserve.app.web import serve_web  # noqa: PLC0415

        status = await serve_web(parts, signals, listeners, max_connections)
        reading.cancel()
        return status

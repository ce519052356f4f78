"""Parts → the HTTP server in front of the pool. Importing this loads the web framework."""

import asyncio
import contextlib
import gc
import math
import socket
from collections.abc import Generator
from importlib import import_module
from typing import Final

import uvicorn
from typing_extensions import override

from picoserve.app.banner import Banner
from picoserve.app.factory import create_app
from picoserve.app.parts import Parts
from picoserve.app.running import run_server
from picoserve.app.signals import Signals
from picoserve.config.server import ServerSettings
from picoserve.images.reader import ImageLimits, ImageReader
from picoserve.pool.pool import Pool
from picoserve.server.connections.metrics import ConnectionCollector
from picoserve.server.connections.protocol import guarded_protocol
from picoserve.server.connections.register import ConnectionLimits
from picoserve.server.state import HttpLimits, ServerState

_FAREWELL_SECONDS: Final = 2.0
# Needed by the first schema, and not to be ready.
_LATE_MODULE: Final = "picoserve.constraint.schema_check"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: draining decides when it ends.

    It tells where it listens once it does, and of the engines once they have loaded; then it
    imports what a start could do without.
    """

    def __init__(self, config: uvicorn.Config, banner: Banner, pool: Pool) -> None:
        super().__init__(config)
        self._banner = banner
        self._pool = pool
        self._settling: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit or not self.servers:
            return
        self._banner.hello(self.servers[0].sockets[0].getsockname()[1])
        # What the start has made stays, so the collector never looks at it again: a full
        # collection would keep every stream waiting for as long as that takes.
        gc.freeze()
        gc.enable()
        self._settling = asyncio.create_task(self._settle())

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._settling is not None:
            self._settling.cancel()
        await super().shutdown(sockets)

    async def _settle(self) -> None:
        await self._banner.engines(self._pool)
        await asyncio.to_thread(import_module, _LATE_MODULE)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve_web(
    parts: Parts, signals: Signals, listeners: list[socket.socket], max_connections: int
) -> int:
    """Serve the started pool until told to stop.

    Args:
        max_connections: Most connections that there is room for.

    Returns:
        The exit status.
    """
    settings = parts.settings
    server = settings.server
    protocol = guarded_protocol(_connection_limits(server, max_connections))
    parts.metrics.registry.register(ConnectionCollector(protocol.register))
    config = uvicorn.Config(
        create_app(
            _state(parts),
            parts.access,
            parts.ledger,
            parts.tracer,
            log_prompts=settings.log.prompts,
            page=server.page,
        ),
        log_config=None,
        access_log=False,
        server_header=False,
        http=protocol,
        ws="none",
        timeout_keep_alive=math.ceil(server.keep_alive_seconds),
        timeout_graceful_shutdown=int(_FAREWELL_SECONDS),
    )
    return await run_server(
        _Server(config, Banner(settings, parts.plan), parts.pool),
        parts.pool,
        listeners,
        signals,
        drain_seconds=server.drain_seconds,
        exit_when_broken=settings.pool.exit_when_broken,
    )


def _state(parts: Parts) -> ServerState:
    server = parts.settings.server
    return ServerState(
        pool=parts.pool,
        models=parts.plan.models,
        limits=HttpLimits(
            max_body_bytes=server.max_body_bytes,
            body_seconds=server.body_seconds,
            commit_seconds=server.commit_seconds,
            ping_seconds=server.ping_seconds,
            unknown_fields=server.unknown_fields,
        ),
        metrics=parts.metrics,
        contexts=parts.contexts,
        images=ImageReader(ImageLimits(**parts.settings.images.model_dump())),
    )


def _connection_limits(server: ServerSettings, max_connections: int) -> ConnectionLimits:
    return ConnectionLimits(
        max_connections=max_connections,
        max_header_bytes=server.max_header_bytes,
        header_seconds=server.header_seconds,
        body_seconds=server.body_seconds,
        send_seconds=server.send_seconds,
    )

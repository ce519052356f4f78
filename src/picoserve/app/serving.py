"""Settings → a running server."""

import asyncio
import contextlib
import math
import os
import socket
from collections.abc import Callable, Generator
from typing import Final

import uvicorn
from typing_extensions import override

from picoserve.app.access import access_from
from picoserve.app.banner import Banner
from picoserve.app.context_store import context_store
from picoserve.app.factory import create_app
from picoserve.app.limits import limits_from
from picoserve.app.observing import metrics_for
from picoserve.app.open_files import make_room_for
from picoserve.app.planning import plan_models
from picoserve.app.reloading import Reloading
from picoserve.app.running import run_server
from picoserve.app.tracing import tracer_for
from picoserve.config.server import ServerSettings
from picoserve.config.settings import Settings
from picoserve.images.reader import ImageLimits, ImageReader
from picoserve.logs import configure_logging
from picoserve.pool.pool import Pool
from picoserve.server.connections.protocol import guarded_protocol
from picoserve.server.connections.register import ConnectionLimits
from picoserve.server.limits.ledger import Ledger
from picoserve.server.state import HttpLimits, ServerState

_FAREWELL_SECONDS: Final = 2.0


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: draining decides when it ends.

    It tells where it listens once it does, and of the engines once they have loaded.
    """

    def __init__(self, config: uvicorn.Config, banner: Banner, pool: Pool) -> None:
        super().__init__(config)
        self._banner = banner
        self._pool = pool
        self._telling: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit or not self.servers:
            return
        self._banner.hello(self.servers[0].sockets[0].getsockname()[1])
        self._telling = asyncio.create_task(self._banner.engines(self._pool))

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._telling is not None:
            self._telling.cancel()
        await super().shutdown(sockets)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def serve(settings: Settings, read: Callable[[], Settings]) -> int:
    """Serve until told to stop. Returns the exit status.

    Args:
        read: Reads the settings again, for when a person has changed them.

    Raises:
        ConfigError: The configuration cannot be served.
    """
    configure_logging(settings.log.level, settings.log.format)
    access = access_from(settings)
    ledger = Ledger(limits_from(settings, access))
    plan = plan_models(settings)
    tracer = tracer_for(settings, os.environ)
    pool = plan.pool(settings)
    server_settings = settings.server
    state = ServerState(
        pool=pool,
        models=plan.models,
        limits=HttpLimits(
            max_body_bytes=server_settings.max_body_bytes,
            body_seconds=server_settings.body_seconds,
            commit_seconds=server_settings.commit_seconds,
            ping_seconds=server_settings.ping_seconds,
            unknown_fields=server_settings.unknown_fields,
        ),
        metrics=metrics_for(pool),
        contexts=context_store(settings.contexts),
        images=ImageReader(ImageLimits(**settings.images.model_dump())),
    )
    make_room_for(server_settings.max_connections)
    config = uvicorn.Config(
        create_app(
            state,
            access,
            ledger,
            tracer,
            log_prompts=settings.log.prompts,
            page=server_settings.page,
        ),
        host=server_settings.host,
        port=server_settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=guarded_protocol(_connection_limits(server_settings)),
        ws="none",
        timeout_keep_alive=math.ceil(server_settings.keep_alive_seconds),
        timeout_graceful_shutdown=int(_FAREWELL_SECONDS),
    )
    banner = Banner(settings, plan)
    with (
        contextlib.closing(tracer) if tracer else contextlib.nullcontext(),
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        return runner.run(
            run_server(
                _Server(config, banner, pool),
                pool,
                Reloading(settings, read, access, ledger),
                drain_seconds=server_settings.drain_seconds,
                exit_when_broken=settings.pool.exit_when_broken,
            )
        )


def _connection_limits(server: ServerSettings) -> ConnectionLimits:
    return ConnectionLimits(
        max_connections=server.max_connections,
        max_header_bytes=server.max_header_bytes,
        header_seconds=server.header_seconds,
        body_seconds=server.body_seconds,
    )

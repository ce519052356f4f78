"""Running the server: listen, serve, drain, end.

On SIGTERM or SIGINT the server stops being ready and refuses new work, but goes on listening,
so that probes and late clients get an answer; streams may finish within `drain_seconds`, then
they end with an error event. A second signal cuts the wait short.
"""

import asyncio
import contextlib
import math
import os
import signal
import socket
from collections.abc import Generator
from typing import Final

import uvicorn
from typing_extensions import override

from picoserve.app.access import access_from
from picoserve.app.banner import Banner
from picoserve.app.factory import create_app
from picoserve.app.limits import limits_from
from picoserve.app.observing import metrics_for
from picoserve.app.open_files import make_room_for
from picoserve.app.planning import plan_models
from picoserve.app.tracing import tracer_for
from picoserve.config.server import ServerSettings
from picoserve.config.settings import Settings
from picoserve.images.reader import ImageLimits, ImageReader
from picoserve.logs import configure_logging, get_logger
from picoserve.pool.pool import Pool
from picoserve.server.connections.protocol import guarded_protocol
from picoserve.server.connections.register import ConnectionLimits
from picoserve.server.limits.ledger import Ledger
from picoserve.server.state import HttpLimits, ServerState

_IDLE_POLL_SECONDS: Final = 0.02
_BROKEN_STATUS: Final = 3
_FAREWELL_SECONDS: Final = 2.0

_log = get_logger(__name__)


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


def serve(settings: Settings) -> int:
    """Serve until told to stop. Returns the exit status.

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
            _run(
                _Server(config, banner, pool),
                pool,
                server_settings.drain_seconds,
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


async def _run(
    server: uvicorn.Server, pool: Pool, drain_seconds: float, *, exit_when_broken: bool
) -> int:
    stopping = asyncio.Event()
    hurry = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stopping, hurry)
    tasks = [asyncio.create_task(_drain(server, pool, drain_seconds, stopping, hurry))]
    if exit_when_broken:
        tasks.append(asyncio.create_task(_end_when_broken(server, pool)))
    await server.serve()
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


def _on_signal(stopping: asyncio.Event, hurry: asyncio.Event) -> None:
    if stopping.is_set():
        hurry.set()
    stopping.set()


async def _drain(
    server: uvicorn.Server,
    pool: Pool,
    seconds: float,
    stopping: asyncio.Event,
    hurry: asyncio.Event,
) -> None:
    await stopping.wait()
    _log.info("draining", seconds=seconds)
    pool.drain()
    if not await _idle_within(pool, seconds, hurry):
        _log.warning("drain time is over; ending what is left")
        pool.abort()
    server.should_exit = True


async def _idle_within(pool: Pool, seconds: float, hurry: asyncio.Event) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not hurry.is_set():
                if pool.is_idle:
                    return True
                await asyncio.sleep(_IDLE_POLL_SECONDS)
    return False

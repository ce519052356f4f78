"""Parts → the ASGI application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from picoserve import __version__
from picoserve.app.access import Access
from picoserve.server.auth.middleware import AuthMiddleware
from picoserve.server.error_responses import install_error_handlers
from picoserve.server.request_log import RequestLog, RequestTracer
from picoserve.server.routes import (
    admin,
    chat,
    completions,
    embeddings,
    health,
    metrics,
    models,
    tokens,
)
from picoserve.server.routes import page as page_routes
from picoserve.server.state import ServerState


def create_app(
    state: ServerState,
    access: Access,
    tracer: RequestTracer | None,
    *,
    log_prompts: bool,
    page: bool,
) -> ASGIApp:
    """The application, with the page at `/` or without. Its lifespan starts and ends the pool."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with state.pool:
            yield

    # Its documentation pages load scripts from other hosts. Its own telemetry would double ours,
    # and takes bodies along.
    app = FastAPI(
        title="picoserve",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.picoserve = state
    install_error_handlers(app)
    app.add_middleware(
        AuthMiddleware,
        keys=access.keys,
        livekit=access.livekit,
        admin=access.admin,
        metrics=access.metrics,
    )
    app.include_router(health.router)
    app.include_router(models.router)
    app.include_router(chat.router)
    app.include_router(admin.router)
    app.include_router(completions.router)
    app.include_router(metrics.router)
    app.include_router(tokens.router)
    app.include_router(embeddings.router)
    if page:
        app.include_router(page_routes.router)
    return RequestLog(app, state.metrics, tracer, log_prompts=log_prompts)

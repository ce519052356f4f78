"""Parts → the ASGI application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from picoserve.server.acceptance import AcceptanceMiddleware
from picoserve.server.auth.access import Access
from picoserve.server.auth.middleware import AuthMiddleware
from picoserve.server.connections.refusals import RefusalMiddleware
from picoserve.server.error_responses import install_error_handlers
from picoserve.server.limits.ledger import Ledger
from picoserve.server.limits.middleware import RateLimitMiddleware
from picoserve.server.openapi.description import ApiDescription
from picoserve.server.request_log import RequestLog, RequestTracer
from picoserve.server.routes import (
    admin,
    chat,
    completions,
    contexts,
    description,
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
    ledger: Ledger,
    tracer: RequestTracer | None,
    *,
    log_prompts: bool,
    page: bool,
) -> ASGIApp:
    """The application, with the page at `/` or without. Its lifespan ends the image readers.

    The pool has a longer life: it starts before the application is made.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with state.images:
            yield

    # FastAPI's own description knows no body, and its pages load scripts from other hosts. Its own
    # telemetry would double ours, and takes bodies along.
    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.picoserve = state
    app.state.description = ApiDescription(lambda: app.routes)
    install_error_handlers(app)
    # What is added last comes first.
    app.add_middleware(AcceptanceMiddleware, pool=state.pool)
    app.add_middleware(RateLimitMiddleware, ledger=ledger)
    app.add_middleware(AuthMiddleware, access=access)
    app.add_middleware(RefusalMiddleware)
    # Routes are tried one after the other, so what is asked for most comes first.
    app.include_router(chat.router)
    app.include_router(completions.router)
    app.include_router(health.router)
    app.include_router(models.router)
    app.include_router(admin.router)
    app.include_router(metrics.router)
    app.include_router(tokens.router)
    app.include_router(embeddings.router)
    app.include_router(description.router)
    app.include_router(contexts.router)
    if page:
        app.include_router(page_routes.router)
        app.include_router(description.page_router)
    return RequestLog(app, state.metrics, tracer, log_prompts=log_prompts)

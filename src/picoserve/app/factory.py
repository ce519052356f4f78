"""Parts → the ASGI application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from picoserve import __version__
from picoserve.app.access import Access
from picoserve.server.auth.middleware import AuthMiddleware
from picoserve.server.error_responses import install_error_handlers
from picoserve.server.routes import admin, chat, completions, health, models
from picoserve.server.state import ServerState


def create_app(state: ServerState, access: Access) -> FastAPI:
    """The application. Its lifespan starts and ends the pool."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with state.pool:
            yield

    app = FastAPI(title="picoserve", version=__version__, lifespan=lifespan)
    app.state.picoserve = state
    install_error_handlers(app)
    app.add_middleware(AuthMiddleware, keys=access.keys, livekit=access.livekit, admin=access.admin)
    app.include_router(health.router)
    app.include_router(models.router)
    app.include_router(chat.router)
    app.include_router(admin.router)
    app.include_router(completions.router)
    return app

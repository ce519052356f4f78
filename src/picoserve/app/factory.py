"""Parts → the ASGI application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from picoserve import __version__
from picoserve.server.auth.keys import KeyRing
from picoserve.server.auth.livekit import LiveKitTokens
from picoserve.server.auth.middleware import AuthMiddleware
from picoserve.server.error_responses import install_error_handlers
from picoserve.server.routes import chat, completions, health, models
from picoserve.server.state import ServerState


def create_app(state: ServerState, keys: KeyRing, livekit: LiveKitTokens) -> FastAPI:
    """The application. Its lifespan starts and ends the pool; without any key it is open."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
        async with state.pool:
            yield

    app = FastAPI(title="picoserve", version=__version__, lifespan=lifespan)
    app.state.picoserve = state
    install_error_handlers(app)
    if keys or livekit:
        app.add_middleware(AuthMiddleware, keys=keys, livekit=livekit)
    app.include_router(health.router)
    app.include_router(models.router)
    app.include_router(chat.router)
    app.include_router(completions.router)
    return app

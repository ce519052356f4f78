"""FastAPI and sse-starlette that yield bytes; prebuilt JSON from the same route."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Final

from benchmarks.floors.answers import CHUNK, DONE, JSON
from fastapi import FastAPI, Request
from sse_starlette import EventSourceResponse
from starlette.responses import Response

# Who asks for so much gets comments only, like somebody who waits in a line.
IDLE_TOKENS: Final = 50_000

_PING_SECONDS: Final = 2

app: Final = FastAPI()


@app.get("/")
async def ready() -> Response:
    """The server listens."""
    return Response()


@app.post("/v1/chat/completions")
async def answer(request: Request) -> Response:
    """As many prebuilt chunks as are asked for, or the prebuilt JSON."""
    asked = json.loads(await request.body())
    if asked["stream"]:
        return EventSourceResponse(_chunks(asked["max_tokens"]), ping=_PING_SECONDS, sep="\n")
    return Response(JSON, media_type="application/json")


async def _chunks(tokens: int) -> AsyncGenerator[bytes, None]:
    if tokens >= IDLE_TOKENS:
        await asyncio.Event().wait()
    for _ in range(tokens):
        yield CHUNK
    yield DONE

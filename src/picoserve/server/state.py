"""What the routes need, in one typed place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, cast

from fastapi import Depends, Request

from picoserve.constraint import GrammarCache
from picoserve.contexts.store import ContextStore
from picoserve.images.reader import ImageReader
from picoserve.pool.pool import Pool
from picoserve.prompt.served_model import ServedModel
from picoserve.server.compiling import CompileDesk
from picoserve.server.metrics import Metrics


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How the HTTP side behaves. Times in seconds.

    Attributes:
        body_seconds: Longest time for a request's body to arrive.
        commit_seconds: How long an error may still choose the status before a stream's 200.
        ping_seconds: Between comments on a silent stream.
        unknown_fields: What to do with request fields nobody knows.
    """

    max_body_bytes: int = 8 * 1024 * 1024
    body_seconds: float = 60.0
    commit_seconds: float = 1.0
    ping_seconds: float = 2.0
    unknown_fields: Literal["ignore", "reject"] = "ignore"


@dataclass(frozen=True, slots=True)
class ServerState:
    """The parts that routes work with, built once by the app.

    Attributes:
        contexts: The saved contexts, None where none are kept.
    """

    pool: Pool
    models: Sequence[ServedModel]
    limits: HttpLimits
    metrics: Metrics
    contexts: ContextStore | None = None
    grammars: GrammarCache = field(default_factory=GrammarCache)
    compiling: CompileDesk = field(default_factory=CompileDesk)
    images: ImageReader = field(default_factory=ImageReader)


def state_of(request: Request) -> ServerState:
    """The parts of the server that this request came to."""
    return cast("ServerState", request.app.state.picoserve)


# Async, for FastAPI calls a plain function in a thread: a tenth of a short request's time.
async def _state(request: Request) -> ServerState:
    return state_of(request)


State = Annotated[ServerState, Depends(_state)]

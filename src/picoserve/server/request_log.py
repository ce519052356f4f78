"""The outermost middleware: an id for each request, headers that tell of it, one line at its end.

Plain ASGI. The one function between the app and the connection is no coroutine, so that a
token's chunk passes it at the price of a call.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from time import perf_counter
from typing import Any, Final, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from picoserve.logs import get_logger, log_context
from picoserve.pipeline.record import GenerationRecord
from picoserve.pool.pool import draining_error
from picoserve.server.error_responses import error_response
from picoserve.server.request_facts import RequestFacts, begin_facts, note_error

_MAX_ID_CHARACTERS: Final = 128
_WORKING: Final = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/embeddings"})

_log = get_logger(__name__)


class RequestObserver(Protocol):
    """Told of every request at its end."""

    def observe(self, facts: RequestFacts, route: str, seconds: float) -> None:
        """Count a request that is over."""
        ...


class RequestTrace(Protocol):
    """What traces make of one request."""

    trace_id: str

    def end(self, facts: RequestFacts, route: str) -> None:
        """The request is over; the route is "" where none matched."""
        ...


class RequestTracer(Protocol):
    """Told of every request when it comes."""

    def begin(
        self, scope: Mapping[str, Any], headers: Mapping[str, str], facts: RequestFacts
    ) -> RequestTrace | None:
        """The request's trace, or None where it has none."""
        ...


class RequestLog:
    """Gives each request its facts, answers with them, and writes them down."""

    def __init__(
        self,
        app: ASGIApp,
        observer: RequestObserver,
        tracer: RequestTracer | None,
        *,
        log_prompts: bool,
    ) -> None:
        """Wrap an app.

        Args:
            tracer: None where nobody wants traces.
            log_prompts: Whether prompts and answers go into debug lines.
        """
        self._app = app
        self._observer = observer
        self._tracer = tracer
        self._log_prompts = log_prompts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and tell of it afterwards."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        facts = begin_facts(scope, request_id(headers.get("x-request-id", "")))

        def send_with_facts(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
                message = {**message, "headers": [*message["headers"], *_headers(facts)]}
            return send(message)

        trace = self._tracer.begin(scope, headers, facts) if self._tracer else None
        with log_context(request_id=facts.id, **({"trace_id": trace.trace_id} if trace else {})):
            try:
                await self._app(scope, receive, send_with_facts)
            except asyncio.CancelledError:
                # The server ends. uvicorn would answer for a request that nobody has answered, in
                # its own words.
                if facts.status:
                    raise
                error = draining_error()
                note_error(scope, error)
                await error_response(error)(scope, receive, send_with_facts)
            finally:
                self._tell(scope, facts)
                if trace:
                    trace.end(facts, _template(scope))

    def _tell(self, scope: Scope, facts: RequestFacts) -> None:
        seconds = perf_counter() - facts.began
        route = _route(scope)
        self._observer.observe(facts, route, seconds)
        if scope["path"] not in _WORKING:
            _log.debug("request", route=route, status=facts.shown_status, seconds=_short(seconds))
            return
        _log.info("request", **_line(facts, route, seconds))
        if self._log_prompts:
            for record in facts.records:
                if record.text:
                    _log_text(record)


def request_id(given: str) -> str:
    """The client's own id where it is harmless, else a new one."""
    harmless = given.isascii() and given.isprintable() and len(given) <= _MAX_ID_CHARACTERS
    return given if given and harmless else f"req_{secrets.token_hex(16)}"


def _route(scope: Scope) -> str:
    """The route's template; what no route matched has one name, so that it cannot flood."""
    return _template(scope) or (scope["path"] if scope["path"] in _WORKING else "other")


def _template(scope: Scope) -> str:
    """The path of the route that matched; "" without one."""
    return str(getattr(scope.get("route"), "path", ""))


def _headers(facts: RequestFacts) -> list[tuple[bytes, bytes]]:
    now = perf_counter()
    timing = [
        f"{name};dur={seconds * 1000:.1f}"
        for name, seconds in (
            ("line", facts.wait_seconds),
            ("first", facts.first_token_seconds),
            ("total", now - facts.began),
        )
        if seconds is not None
    ]
    headers = {
        "x-request-id": facts.id,
        "openai-processing-ms": str(round((now - facts.began) * 1000)),
        "x-picoserve-engine": facts.engines,
        "server-timing": ", ".join(timing),
        **facts.limit_headers(),
    }
    return [
        (name.encode(), value.encode("ascii", "replace"))
        for name, value in headers.items()
        if value
    ]


def _line(facts: RequestFacts, route: str, seconds: float) -> dict[str, Any]:
    usage = facts.usage
    fields = {
        "key": facts.key_name,
        "route": route,
        "model": facts.model,
        "engine": facts.engines,
        "status": facts.shown_status,
        "error": facts.failure,
        "limit": facts.limit,
        "finish": facts.finish,
        "prompt_tokens": usage and usage.prompt_tokens,
        "completion_tokens": usage and usage.completion_tokens,
        "wait_seconds": _short(facts.wait_seconds),
        "first_token_seconds": _short(facts.first_token_seconds),
        "seconds": _short(seconds),
        "client_gone": facts.client_gone or None,
    }
    return {name: value for name, value in fields.items() if value not in {None, ""}}


def _short(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _log_text(record: GenerationRecord) -> None:
    prompt = record.job.prompt
    _log.debug("text", prompt=prompt, answer=record.text.removeprefix(prompt))

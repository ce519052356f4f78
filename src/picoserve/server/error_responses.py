"""Any exception → OpenAI's error object with the right status. The one place that does it."""

import math
from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from picoserve.errors import (
    ClientGoneError,
    MethodNotAllowedError,
    NotFoundError,
    PicoserveError,
    RateLimitError,
)
from picoserve.logs import get_logger
from picoserve.openai_api.error_body import error_bytes
from picoserve.server.request_facts import facts_of, note_error

_log = get_logger(__name__)


def error_response(error: PicoserveError) -> Response:
    """The whole answer for an error."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, RateLimitError):
        headers |= _rate_limit_headers(error)
    if error.status == HTTPStatus.REQUEST_TIMEOUT:
        headers["connection"] = "close"
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(
        error_bytes(error),
        status_code=error.status,
        headers=headers,
        media_type="application/json",
    )


def _rate_limit_headers(error: RateLimitError) -> dict[str, str]:
    """What OpenAI's clients read besides `retry-after`: the exact time, or that it is in vain."""
    if error.retry_after is None:
        return {"x-should-retry": "false"}
    return {"retry-after-ms": str(max(1, math.ceil(error.retry_after * 1000)))}


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of the app an OpenAI-shaped answer."""
    app.add_exception_handler(PicoserveError, _on_picoserve_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_picoserve_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PicoserveError)  # noqa: S101
    facts = facts_of(request.scope)
    if isinstance(error, ClientGoneError):
        facts.left_early = True
        return Response(status_code=HTTPStatus.NO_CONTENT)
    note_error(request.scope, error)
    return error_response(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    place = f"{request.method} {request.url.path}"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        shown: PicoserveError = MethodNotAllowedError(f"Not allowed to {place}.")
    elif error.status_code == HTTPStatus.NOT_FOUND:
        shown = NotFoundError(f"Invalid URL ({place})")
    else:
        shown = PicoserveError(str(error.detail))
    note_error(request.scope, shown)
    response = error_response(shown)
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


async def _on_unexpected(request: Request, error: Exception) -> Response:
    facts_of(request.scope).error = PicoserveError.type
    _log.error("unexpected error", exc_info=error)
    return error_response(PicoserveError("The server had an error while processing your request."))

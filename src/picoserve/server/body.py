"""Reading a request body: no more than allowed, and only JSON.

How it is declared does not matter, but for browsers: a page of any website may have them send
text or a form to this server without asking. Before they send JSON they ask, and are told no.
"""

import asyncio
from email.message import Message
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from picoserve.errors import (
    ClientGoneError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)
from picoserve.server.state import HttpLimits

_MEDIA_TYPE: Final = "application/json"
_CHARSETS: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})


async def read_body(request: Request, limits: HttpLimits) -> bytes:
    """The whole body.

    Raises:
        UnsupportedMediaTypeError: It is compressed, not in UTF-8, or a browser sends it as
            something else than JSON.
        PayloadTooLargeError: It is larger than allowed; the rest is not read.
        RequestTimeoutError: It has not come in time.
        ClientGoneError: The client left while sending it.
    """
    _check_media_type(request.headers)
    max_bytes = limits.max_body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _whole_body(request, max_bytes)
    except TimeoutError:
        raise RequestTimeoutError(
            f"The request body has not come within {limits.body_seconds:g} s."
        ) from None
    except ClientDisconnect:
        raise ClientGoneError("The client left while sending its request.") from None


async def _whole_body(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _check_media_type(headers: Headers) -> None:
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("A compressed request body is not supported.")
    declared = headers.get("content-type", "")
    if declared == _MEDIA_TYPE:
        return
    media_type, charset = _media_type(declared)
    if charset not in _CHARSETS:
        raise UnsupportedMediaTypeError("Unsupported charset: JSON must be sent in UTF-8.")
    if "origin" in headers and media_type != _MEDIA_TYPE:
        raise UnsupportedMediaTypeError(
            f"Unsupported media type: a browser must send the body as '{_MEDIA_TYPE}'."
        )


def _media_type(declared: str) -> tuple[str, str]:
    """Type and charset as the header has them, "" for a charset that it does not name."""
    message = Message()
    message["content-type"] = declared
    try:
        return message.get_content_type(), message.get_content_charset("")
    except (TypeError, ValueError) as error:
        # Parameters in numbered parts (RFC 2231) that do not fit together.
        raise UnsupportedMediaTypeError("The header 'content-type' cannot be read.") from error


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The request body is larger than {max_bytes} bytes.")

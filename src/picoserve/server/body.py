"""Reading a request body: no more than allowed, and only JSON."""

from fastapi import Request
from starlette.requests import ClientDisconnect

from picoserve.errors import ClientGoneError, PayloadTooLargeError


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        PayloadTooLargeError: It is larger than allowed; the rest is not read.
        ClientGoneError: The client left while sending it.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise _too_large(max_bytes)
    except ClientDisconnect:
        raise ClientGoneError("The client left while sending its request.") from None
    return bytes(body)


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The request body is larger than {max_bytes} bytes.")

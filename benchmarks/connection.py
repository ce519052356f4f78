"""A connection that asks and takes times, lean enough not to be what is measured.

HTTP/1.1 by hand on an asyncio protocol: on two cores a full client would cost more than the
servers. It understands what the contestants answer: chunked event streams and JSON with a
content-length, on connections that stay open or not.
"""

import asyncio
import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, cast

from typing_extensions import override

# A chunk that shows text, as every contestant spells it.
_SHOWN_TEXT: Final = re.compile(rb'"content": ?"[^"]')
_LONGEST_MATCH: Final = 16
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GOOD: Final = b"HTTP/1.1 200"


class ContestantError(Exception):
    """A contestant did not answer as it should."""


@dataclass(slots=True)
class Exchange:
    """One request and the moments of its answer, in seconds of `time.perf_counter`.

    Attributes:
        arrivals: When each chunk with text came.
    """

    began: float
    arrivals: list[float] = field(default_factory=list)
    ended: float = 0.0


class Connection(asyncio.Protocol):
    """Asks one thing at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._exchange = Exchange(0.0)
        self._done: asyncio.Future[None] | None = None
        self._head = bytearray()
        self._in_body = False
        self._length: int | None = None
        self._got = 0
        self._tail = b""

    async def ask(self, request: bytes) -> Exchange:
        """Send a request and read its answer to the end.

        Raises:
            ContestantError: The status is not 200, or the connection broke.
            OSError: Nobody listens.
        """
        done = await self.begin(request)
        try:
            await done
        except ContestantError:
            if self._got or self._head:
                raise
            # The server has closed a connection that it had kept open; llama-server does so after
            # each stream. The time of the new connection is not counted.
            done = await self.begin(request)
            await done
        return self._exchange

    async def begin(self, request: bytes) -> asyncio.Future[None]:
        """Send a request; the future is done with the answer's end."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        self._head.clear()
        self._in_body, self._length, self._got, self._tail = False, None, 0, b""
        self._done = loop.create_future()
        self._exchange = Exchange(perf_counter())
        cast("asyncio.Transport", self._transport).write(request)
        return self._done

    def close(self) -> None:
        """Hang up, on whatever is under way."""
        if self._done is not None:
            self._done.cancel()
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server has taken the connection."""
        self._transport = cast("asyncio.Transport", transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer gets none."""
        self._transport = None
        if self._done is not None and not self._done.done():
            self._done.set_exception(ContestantError(f"hung up after {self._got} bytes"))

    @override
    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        now = perf_counter()
        if not self._in_body:
            self._head += data
            head, end, data = bytes(self._head).partition(_HEAD_END)
            if not end:
                return
            self._read_head(head, data)
        self._got += len(data)
        text = self._tail + data
        last = 0
        for match in _SHOWN_TEXT.finditer(text):
            self._exchange.arrivals.append(now)
            last = match.end()
        self._tail = text[max(last, len(text) - _LONGEST_MATCH) :]
        ended = text.endswith(_LAST_CHUNK) if self._length is None else self._got >= self._length
        if ended and self._done is not None and not self._done.done():
            self._exchange.ended = now
            self._done.set_result(None)

    def _read_head(self, head: bytes, body: bytes) -> None:
        self._in_body = True
        length = _LENGTH.search(head)
        self._length = int(length[1]) if length else None
        if not head.startswith(_GOOD) and self._done is not None and not self._done.done():
            self._done.set_exception(ContestantError((head + b" | " + body)[:500].decode()))


def request_bytes(path: str, body: bytes) -> bytes:
    """A POST request as it goes over the wire."""
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"accept: */*\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body

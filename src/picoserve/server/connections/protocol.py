"""uvicorn's HTTP/1.1 connection, held to limits of time and space.

uvicorn bounds neither how long a request takes to arrive nor how large its headers are, so a
client that sends a byte now and then would hold a connection for ever. A middleware cannot help:
it runs once the headers are there.

A request that comes before the one in front of it is answered is not served: uvicorn would stop
reading until then, and not see that its client leaves. The connection ends with the answer, as a
client that sends several requests at once has to expect (RFC 9112, 9.3.2).
"""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Final, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from picoserve.errors import (
    HeadersTooLargeError,
    InvalidRequestError,
    OverloadedError,
    PicoserveError,
    RequestTimeoutError,
)
from picoserve.openai_api.error_body import error_bytes
from picoserve.server.connections.parser import PlainParser
from picoserve.server.connections.refusals import REFUSAL
from picoserve.server.connections.register import (
    ConnectionLimits,
    ConnectionRegister,
    Cut,
    Standing,
)
from picoserve.server.connections.unframed import Unframed

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

# The routes answer a late body themselves; this is for bodies that nobody reads.
_GRACE_SECONDS: Final = 2.0
_SIGNS_PER_HEADER: Final = len(b": \r\n")


class _Phase(Enum):
    """Where a connection is. It rests before its first request too, but not for long."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    REST = auto()


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        register: All connections of the server.
        is_surplus: What comes now is behind a request without its answer, and is not served.
    """

    register: ClassVar[ConnectionRegister]

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place among the connections, or close."""
        super().connection_made(transport)
        self.parser = PlainParser(self)
        self._phase = _Phase.REST
        self._head_bytes = 0
        self._requests = 0
        self.is_surplus = False
        self._deadline: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._standing = self.register.enter(self)
        if self._standing is Standing.REFUSED:
            transport.abort()
        else:
            # Between two newcomers the loop reads what has come: who has asked gives no way.
            self.register.rest(self)
            self._arm(self.register.limits.header_seconds)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place up."""
        self._disarm()
        self._stop_watching()
        self.register.leave(self)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Close; nothing is under way."""
        self.transport.close()

    @override
    def data_received(self, data: bytes) -> None:
        """More of a request."""
        if self.is_surplus:
            return
        if self._phase is _Phase.REST:
            self._begin_head(self.register.limits.header_seconds)
        complete = self._requests
        super().data_received(data)
        if self._phase is _Phase.HEAD and self._requests == complete:
            self._head_bytes += len(data)
            if self._head_bytes > self.register.limits.max_header_bytes:
                error = _too_large(self.register.limits.max_header_bytes)
                self._refuse(Cut.MAX_HEADER_BYTES, error)

    @override
    def on_message_begin(self) -> None:
        """A request begins; it may be right behind another one."""
        super().on_message_begin()
        if self._is_answering:
            self.is_surplus = True
            self.cycle.keep_alive = False
        elif self._phase is not _Phase.HEAD:
            self._begin_head(self.register.limits.header_seconds)

    @override
    def on_headers_complete(self) -> None:
        """The headers are there."""
        if self.is_surplus or self.parser.should_upgrade():
            return
        limits = self.register.limits
        refusal = self._refusal(limits)
        if refusal is not None:
            self.scope[REFUSAL] = refusal  # type: ignore[typeddict-unknown-key]
        knows_chunks = self.parser.get_http_version() == "1.1"
        if not knows_chunks:
            self.app = cast("ASGI3Application", Unframed(self))
        super().on_headers_complete()
        if refusal is not None or not knows_chunks:
            self.cycle.keep_alive = False
        self._phase = _Phase.BODY
        self._arm(limits.body_seconds + _GRACE_SECONDS)

    @override
    def on_body(self, body: bytes) -> None:
        """More of the body."""
        if not self.is_surplus:
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        if self.is_surplus or self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._requests += 1
        self._phase = _Phase.ANSWER
        self._disarm()
        if self.cycle.response_complete:
            # Answered before its body had come: uvicorn's timer was stopped by the rest of it.
            self._begin_head(self.timeout_keep_alive)

    @override
    def on_response_complete(self) -> None:
        """The answer is out."""
        super().on_response_complete()
        if self._phase is _Phase.ANSWER and self.cycle.response_complete:
            self._phase = _Phase.REST
            self.register.rest(self)

        self._watch_sending()

    @override
    def pause_writing(self) -> None:
        """The client takes less than there is to send."""
        super().pause_writing()
        self._watch_sending()

    @override
    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        self._stop_watching()

    @override
    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._refuse(Cut.NO_HTTP, InvalidRequestError(msg))

    def _begin_head(self, seconds: float) -> None:
        self.register.work(self)
        self._phase = _Phase.HEAD
        self._head_bytes = 0
        self._arm(seconds)

    def _refusal(self, limits: ConnectionLimits) -> PicoserveError | None:
        size = len(self.url) + sum(len(n) + len(v) + _SIGNS_PER_HEADER for n, v in self.headers)
        if size > limits.max_header_bytes:
            return _too_large(limits.max_header_bytes)
        if self._standing is Standing.SURPLUS:
            return OverloadedError(
                "Too many connections. Please try again later.",
                limit="max_connections",
                retry_after=1.0,
            )
        return None

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._on_deadline, seconds)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self, seconds: float) -> None:
        if self.flow.read_paused:
            # The client waits for us.
            self._arm(seconds)
        elif self._phase is _Phase.HEAD and self._head_bytes:
            message = f"The headers have not come within {seconds:g} s."
            self._refuse(Cut.HEADER_SECONDS, RequestTimeoutError(message))
        else:
            if self._phase is _Phase.BODY:
                self.register.cuts[Cut.BODY_SECONDS] += 1
            self.transport.close()

    def _watch_sending(self) -> None:
        """Give a client that takes nothing up; without an answer being made nothing else does."""
        self._stop_watching()
        left = self.transport.get_write_buffer_size()
        if left:
            seconds = self.register.limits.send_seconds
            self._sending = self.loop.call_later(seconds, self._on_slow_sending, left)

    def _on_slow_sending(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._watch_sending()
        else:
            self.register.cuts[Cut.SEND_SECONDS] += 1
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    @property
    def _is_answering(self) -> bool:
        # None before the first request, whatever its type says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _refuse(self, cut: Cut, error: PicoserveError) -> None:
        """Answer what cannot become a request, and close; in an answer, only close."""
        self.register.cuts[cut] += 1
        if not self._is_answering and not self.transport.is_closing():
            body = error_bytes(error)
            head = (
                f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()


def guarded_protocol(limits: ConnectionLimits) -> type[GuardedProtocol]:
    """The class of the connections of one server."""

    class Guarded(GuardedProtocol):
        register = ConnectionRegister(limits)

    return Guarded


def _too_large(limit: int) -> HeadersTooLargeError:
    return HeadersTooLargeError(f"The request's headers are larger than {limit} bytes.")

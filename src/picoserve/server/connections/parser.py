"""httptools' parser of requests, for a server that speaks HTTP/1.1 and nothing else.

A stock Java client offers HTTP/2 with each request (`Upgrade: h2c`), as `curl --http2` does. A
server may ignore such an offer (RFC 9110, 7.8), but httptools ends a request that makes one with
its headers and takes the body for the next request.
"""

from typing import TYPE_CHECKING, cast

import httptools
from typing_extensions import override

if TYPE_CHECKING:
    from picoserve.server.connections.protocol import GuardedProtocol


class PlainParser(httptools.HttpRequestParser):
    """Reads a request that offers another protocol as if it did not.

    Its protocol gets such a request twice: up to the end of the headers, where `should_upgrade`
    is true and nothing is to be done, then as a whole.
    """

    def __init__(self, protocol: "GuardedProtocol") -> None:
        super().__init__(protocol)
        # As uvicorn sets it: what follows a request that ends the connection is no fault of it.
        self.set_dangerous_leniencies(lenient_data_after_close=True)
        self._protocol = protocol

    @override
    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        """More of what the client sends.

        Raises:
            httptools.HttpParserError: It is no HTTP, or the `CONNECT` of a proxy's client.
        """
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self.get_method() == b"CONNECT":
                raise httptools.HttpParserError("This is no proxy.") from None
            if self._protocol.is_surplus:
                return
            (end_of_head,) = cast("tuple[int]", offer.args)
            # A new one, since this one may have been told that the connection ends here.
            self._protocol.parser = PlainParser(self._protocol)
            self._protocol.parser.feed_data(self._head_without_offer() + data[end_of_head:])

    def _head_without_offer(self) -> bytes:
        version = self.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.get_method(), self._protocol.url, version)]
        headers = self._protocol.headers
        lines += [b"%s: %s" % header for header in headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

"""Fetching an image from a public address, and from no other.

A name is resolved once for each connection, every one of its addresses is checked, and the
connection goes to the very address that was checked: a name that changes its mind in between
gains nothing. Redirects make new connections and are checked alike. Proxies of the environment
are not used.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import httpcore
import httpx
from typing_extensions import override

from picoserve.images.addresses import Address, is_public
from picoserve.images.source import MEDIA_TYPES, RemoteError, is_image_type

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 3
_LAST_PORT: Final = 65_535
_HEADERS: Final = (
    ("accept", ", ".join(MEDIA_TYPES)),
    ("accept-encoding", "identity"),
    ("user-agent", "picoserve"),
)

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]


class RemoteImages:
    """Fetches images."""

    def __init__(
        self,
        *,
        max_bytes: int,
        seconds: float,
        may_connect: Callable[[Address], bool] = is_public,
        resolve: Resolve | None = None,
    ) -> None:
        """Set the bounds.

        Args:
            max_bytes: The largest file.
            seconds: The longest time, redirects included.
            may_connect: Tells which addresses are allowed.
            resolve: Finds the addresses of a host, without asking for more than that.
        """
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._tls: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)
        self._network = _CheckedNetwork(may_connect, resolve or _resolved)

    async def fetch(self, url: str) -> bytes:
        """The file at an address. Raises RemoteError."""
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls, network_backend=self._network
                ) as pool,
            ):
                return await self._followed(pool, _parsed(url))
        except TimeoutError:
            raise RemoteError(f"fetching it took more than {self._seconds:g} s.") from None
        except (OSError, ValueError, *_FAILURES):
            raise RemoteError("it could not be fetched from its address.") from None

    async def _followed(self, pool: httpcore.AsyncConnectionPool, url: httpx.URL) -> bytes:
        for _ in range(_MOST_REDIRECTS + 1):
            async with pool.stream("GET", str(url), headers=_HEADERS) as response:
                headers = httpx.Headers(response.headers)
                if response.status not in _REDIRECTS:
                    return await self._body(response, headers)
                url = _parsed(headers.get("location", ""), base=url)
        raise RemoteError("its address redirects too often.")

    async def _body(self, response: httpcore.Response, headers: httpx.Headers) -> bytes:
        if response.status != 200:
            raise RemoteError(f"its address answered with status {response.status}.")
        if not is_image_type(headers.get("content-type", "")):
            raise RemoteError(
                f"its address brought something that is not one of {', '.join(MEDIA_TYPES)}.",
                "unsupported_image_media_type",
            )
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        async for data in response.aiter_stream():
            body += data
            if len(body) > self._max_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> RemoteError:
        return RemoteError(f"it is larger than {self._max_bytes} bytes.", "image_too_large")


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connections to checked addresses only."""

    def __init__(self, may_connect: Callable[[Address], bool], resolve: Resolve) -> None:
        self._may_connect = may_connect
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        if not addresses or not all(self._may_connect(address) for address in addresses):
            raise RemoteError("its host is not at a public address.", "invalid_image_url")
        *others, last = map(str, addresses)
        for address in others:
            with contextlib.suppress(httpcore.ConnectError):
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)


_FAILURES: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


def _parsed(text: str, *, base: httpx.URL | None = None) -> httpx.URL:
    try:
        url = base.join(text) if base else httpx.URL(text)
    except httpx.InvalidURL:
        raise _malformed() from None
    if url.port is not None and not 0 < url.port <= _LAST_PORT:
        raise _malformed()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise RemoteError(
            "its address must be http(s)://host/… without a user name.", "invalid_image_url"
        )
    return url


def _malformed() -> RemoteError:
    return RemoteError("its address is malformed.", "invalid_image_url")


async def _resolved(host: str, port: int) -> list[Address]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(place[0]) for *_, place in found]

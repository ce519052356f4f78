"""The address of the server, taken before anything else is started.

A port in use is told at once, before any engine loads: each start of a picoLLM engine may count
as an activation.
"""

import errno
import os
import socket
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from picoserve.errors import ConfigError
from picoserve.logs import get_logger

_BACKLOG: Final = 2048
_LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared, not bound
_NOT_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

_log = get_logger(__name__)

Address: TypeAlias = tuple[int, int, int, tuple[Any, ...]]
"""Family, kind, protocol and where, as `socket.getaddrinfo` tells them."""


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Listen on each address of the host that is this machine's.

    Who connects waits until the server takes over.

    Args:
        port: 0 takes a free one.

    Raises:
        ConfigError: The host is unknown, or the port cannot be taken there.
    """
    try:
        return listen_on(_addresses(host, port))
    except socket.gaierror as error:
        raise ConfigError(f"server.host: no address for {host!r}: {error.strerror}") from None
    except UnicodeError:
        raise ConfigError(f"server.host: {host!r} can be no host's name") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigError(f"server.port: cannot listen on {host} port {port}: {reason}") from None


def reachable(host: str) -> str:
    """A host that can be pasted into an address on this machine."""
    host = _LOOPBACK_OF.get(host, host)
    return f"[{host}]" if ":" in host else host


def _addresses(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(
        dict.fromkeys((family, kind, protocol, where) for family, kind, protocol, _, where in found)
    )


def listen_on(addresses: Sequence[Address]) -> list[socket.socket]:
    """Listen on each of the addresses that this machine has.

    `localhost` is `::1` as well in most hosts files, also where there is no IPv6.

    Raises:
        OSError: This machine has none of them, or one cannot be taken.
    """
    taken: list[socket.socket] = []
    missing: OSError | None = None
    for address in addresses:
        try:
            taken.append(_listener(address))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                _close(taken)
                raise
            _log.info("an address is not this machine's", address=address[3][0])
            missing = missing or error
    if missing and not taken:
        raise missing
    return taken


def _listener(address: Address) -> socket.socket:
    family, kind, protocol, where = address
    listener = socket.socket(family, kind, protocol)
    try:
        _prepare(listener)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _close(listeners: Sequence[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _prepare(listener: socket.socket) -> None:
    listener.setblocking(False)
    if os.name == "posix":
        # A port that a server has just left is free at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

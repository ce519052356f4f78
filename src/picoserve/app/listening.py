"""The address of the server, taken before anything else is started.

A port in use is told at once, before any engine loads: each start of a picoLLM engine may count
as an activation.
"""

import os
import socket
from typing import Final

from picoserve.errors import ConfigError

_BACKLOG: Final = 2048


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Listen on each address of the host. Who connects waits until the server takes over.

    Args:
        port: 0 takes a free one.

    Raises:
        ConfigError: The host is unknown, or the port cannot be taken there.
    """
    taken: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            listener = socket.socket(family, kind, protocol)
            taken.append(listener)
            _prepare(listener)
            listener.bind(address)
            listener.listen(_BACKLOG)
    except socket.gaierror as error:
        raise ConfigError(f"server.host: no address for {host!r}: {error.strerror}") from None
    except UnicodeError:
        raise ConfigError(f"server.host: {host!r} can be no host's name") from None
    except OSError as error:
        for listener in taken:
            listener.close()
        reason = os.strerror(error.errno or 0)
        raise ConfigError(f"server.port: cannot listen on {host} port {port}: {reason}") from None
    return taken


def _prepare(listener: socket.socket) -> None:
    listener.setblocking(False)
    if os.name == "posix":
        # A port that a server has just left is free at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)

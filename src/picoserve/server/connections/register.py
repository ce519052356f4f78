"""The open connections: how many there may be, and which one gives way to another."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final, Protocol

MOST_SURPLUS: Final = 64
"""Connections beyond the limit, for those who ask how the server is and to tell the others."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take. Times in seconds.

    Attributes:
        max_connections: Most that are served at a time.
        max_header_bytes: Most bytes of a request line and its headers.
        header_seconds: Longest time for them to arrive.
        body_seconds: Longest time for a request's body to arrive.
        send_seconds: Longest time for a client to take nothing of its answer.
    """

    max_connections: int = 512
    max_header_bytes: int = 32 * 1024
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    send_seconds: float = 30.0


class Connection(Protocol):
    """What the register has to know of a connection."""

    def give_way(self) -> None:
        """Close; nothing is under way."""
        ...


class Standing(Enum):
    """What a new connection may do."""

    SERVED = auto()
    SURPLUS = auto()
    """It may ask how the server is; all else is told that there are too many."""
    REFUSED = auto()


class Cut(StrEnum):
    """Why a connection was ended without a request's being answered: a limit, mostly."""

    MAX_CONNECTIONS = "max_connections"
    MAX_HEADER_BYTES = "max_header_bytes"
    HEADER_SECONDS = "header_seconds"
    BODY_SECONDS = "body_seconds"
    SEND_SECONDS = "send_seconds"
    NO_HTTP = "no_http"


class ConnectionRegister:
    """The open connections of one server.

    Attributes:
        limits: What they may take.
        cuts: How many were ended, by reason.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.cuts: Counter[Cut] = Counter()
        self._served: set[Connection] = set()
        self._surplus: set[Connection] = set()
        self._idle: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._served) + len(self._surplus)

    def enter(self, connection: Connection) -> Standing:
        """Enter a new connection. When there are too many, the one idle longest gives way."""
        if len(self._served) >= self.limits.max_connections:
            idle = next(iter(self._idle), None)
            if idle is None:
                return self._enter_surplus(connection)
            self.leave(idle)
            idle.give_way()
        self._served.add(connection)
        return Standing.SERVED

    def leave(self, connection: Connection) -> None:
        """It is closed, or about to be."""
        self._served.discard(connection)
        self._surplus.discard(connection)
        self._idle.pop(connection, None)

    def rest(self, connection: Connection) -> None:
        """It has nothing under way."""
        if connection in self._served:
            self._idle[connection] = None

    def work(self, connection: Connection) -> None:
        """A request has begun to arrive."""
        self._idle.pop(connection, None)

    def _enter_surplus(self, connection: Connection) -> Standing:
        if len(self._surplus) >= MOST_SURPLUS:
            self.cuts[Cut.MAX_CONNECTIONS] += 1
            return Standing.REFUSED
        self._surplus.add(connection)
        return Standing.SURPLUS

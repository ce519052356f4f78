"""Room for as many open files as there may be connections."""

import resource
from typing import Final

from picoserve.logs import get_logger
from picoserve.server.connections.register import MOST_SURPLUS

# Its sockets and pipes, and those of the process that is started in its place.
_PER_ENGINE: Final = 8
# Python's own, log, model files, decoders of images, and images that are fetched.
_OTHERS: Final = 128
_LEAST_OTHERS: Final = 24

_log = get_logger(__name__)


def make_room_for(connections: int, *, engines: int) -> int:
    """Raise the limit of open files up to what the system allows; tell where that is too few.

    Returns:
        For how many connections there is room beside everything else, at least one.
    """
    reserved = MOST_SURPLUS + engines * _PER_ENGINE
    wanted = connections + reserved + _OTHERS
    allowed = _raised_limit(wanted)
    if allowed >= wanted:
        return connections
    others = min(_OTHERS, max(_LEAST_OTHERS, allowed // 8))
    room = max(1, min(connections, allowed - reserved - others))
    if room < connections:
        _log.warning(
            "fewer open files are allowed than max_connections needs",
            allowed=allowed,
            needed=wanted,
            max_connections=room,
        )
    return room


def _raised_limit(wanted: int) -> int:
    """The limit of open files once it is as near to what is wanted as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed

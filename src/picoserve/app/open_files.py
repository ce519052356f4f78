"""Room for as many open files as there may be connections."""

import resource
from typing import Final

from picoserve.logs import get_logger

# Sockets and pipes of workers, model files, log, Python's own.
_OTHERS: Final = 256

_log = get_logger(__name__)


def make_room_for(connections: int) -> None:
    """Raise the limit of open files up to what the system allows; tell where that is too few."""
    wanted = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        _log.warning(
            "fewer open files are allowed than max_connections needs", allowed=hard, needed=wanted
        )

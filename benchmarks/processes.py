"""What processes have used, from /proc: a server and all its children together."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for member in found:
        found += children.get(member, ())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its descendants, those that have ended left out."""
    ticks = 0
    for member in family(pid):
        fields = _stat(member)
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / _TICKS_PER_SECOND


def rss_kib(pid: int) -> float:
    """Resident memory of one process."""
    pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield int(entry.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """The fields behind the command's name, which may hold blanks; none for what has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []

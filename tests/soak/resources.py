"""What a process holds, as the system tells it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class Resources:
    """What one process holds at one moment."""

    files: int
    threads: int
    memory_kib: int


def resources_of(pid: int) -> Resources:
    """Read /proc. Raises OSError where there is none, or the process has gone."""
    folder = Path(f"/proc/{pid}")
    return Resources(
        files=len(list((folder / "fd").iterdir())),
        threads=len(list((folder / "task").iterdir())),
        memory_kib=int((folder / "statm").read_text().split()[1]) * _PAGE_KIB,
    )

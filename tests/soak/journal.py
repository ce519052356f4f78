"""What the stand-in engines tell of themselves, from some moment on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """The events that were written after this object was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = path.stat().st_size

    def tells(self, event: str) -> bool:
        """Whether there was such an event."""
        return any(entry["event"] == event for entry in self._entries())

    def worker_at(self, mark: str, event: str) -> int | None:
        """The worker that plays the reply to a mark, once it has told the event."""
        playing: int | None = None
        for entry in self._entries():
            if entry["event"] == "generate" and mark in entry["prompt_tail"]:
                playing = entry["pid"]
            if playing == entry["pid"] and entry["event"] == event:
                return playing
        return None

    def _entries(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as lines:
            lines.seek(self._begin)
            for line in lines:
                if line.endswith(b"\n"):
                    yield json.loads(line)

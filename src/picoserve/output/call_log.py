"""The calls of one reply: numbered, and a repeated one dropped."""

import json
import secrets
from typing import Final

from picoserve.generation import Event, ToolCallDelta

_MAX_CALLS: Final = 8
_MAX_REPEATS: Final = 2


class CallLog:
    """Turns calls into events.

    The first call streams as it is written. Each later one is shown when it is whole, because
    small models like to say the same calls again, and what was shown cannot be taken back.

    Attributes:
        count: Whole calls that were shown.
        attempts: Whole calls, repeats included.
    """

    def __init__(self) -> None:
        self.count = 0
        self.attempts = 0
        self._repeats = 0
        self._name = ""
        self._shown: set[tuple[str, str]] = set()

    @property
    def is_over(self) -> bool:
        """No other call is wanted: there were enough, or the model only repeats itself."""
        return self.attempts >= _MAX_CALLS or self._repeats >= _MAX_REPEATS

    def begin(self, name: str) -> list[Event]:
        """A call of this function begins."""
        self._name = name
        return [] if self.attempts else [self._head()]

    def add(self, arguments: str) -> list[Event]:
        """More of its arguments, as JSON text."""
        return [] if self.attempts or not arguments else [ToolCallDelta(self.count, arguments)]

    def end(self, arguments: str) -> list[Event]:
        """The call is whole."""
        call = (self._name, json.dumps(json.loads(arguments)))
        first = not self.attempts
        self.attempts += 1
        if call in self._shown:
            self._repeats += 1
            return []
        self._shown.add(call)
        self._repeats = 0
        events: list[Event] = [] if first else [self._head(), ToolCallDelta(self.count, arguments)]
        self.count += 1
        return events

    def _head(self) -> ToolCallDelta:
        return ToolCallDelta(self.count, "", f"call_{secrets.token_hex(12)}", self._name)

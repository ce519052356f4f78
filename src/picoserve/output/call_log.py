"""The calls of one reply: numbered, and a repeated one dropped."""

import json
import secrets

from picoserve.generation import Event, ToolCallDelta


class CallLog:
    """Turns calls into events.

    The first call streams as it is written. Each later one is shown when it is whole, because
    small models like to say the same call again, and what was shown cannot be taken back.

    Attributes:
        count: Whole calls that were shown.
        attempts: Whole calls, repeats included.
    """

    def __init__(self) -> None:
        self.count = 0
        self.attempts = 0
        self._name = ""
        self._previous: tuple[str, str] | None = None

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
        repeated, first = call == self._previous, not self.attempts
        self.attempts += 1
        if repeated:
            return []
        self._previous = call
        events: list[Event] = [] if first else [self._head(), ToolCallDelta(self.count, arguments)]
        self.count += 1
        return events

    def _head(self) -> ToolCallDelta:
        return ToolCallDelta(self.count, "", f"call_{secrets.token_hex(12)}", self._name)

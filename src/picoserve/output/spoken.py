"""The text of a reply that may turn to calls."""

from collections.abc import Iterable

from picoserve.generation import Event
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.text import TextOutput


class SpokenText:
    """Shows text and notes it in the raw reply."""

    def __init__(self, raw: bytearray, user_stop: Iterable[str]) -> None:
        self._raw = raw
        self._text = TextOutput(user_stop)

    @property
    def stopped(self) -> bool:
        """One of the caller's stop phrases was found."""
        return self._text.stopped

    def show(self, data: bytes) -> list[Event]:
        """Take text; returns what of it can be shown."""
        self._raw += data
        delta = self._text.feed(data)
        return [] if delta is None else [delta]

    def end(self, candidate: CallCandidate) -> list[Event]:
        """What was held back as a possible call or stop phrase was text after all."""
        events = [] if candidate.is_call else self.show(candidate.take())
        delta = self._text.finish()
        return events if delta is None else [*events, delta]

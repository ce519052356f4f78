"""The text of a reply that may turn to calls."""

from collections.abc import Iterable, Sequence

from picoserve.generation import Event, TokenLogprob
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.text import TextOutput


class SpokenText:
    """Shows text and notes it in the raw reply."""

    def __init__(self, raw: bytearray, user_stop: Iterable[str], *, logprobs: bool = False) -> None:
        self._raw = raw
        self._text = TextOutput(user_stop, logprobs=logprobs)

    @property
    def stopped(self) -> bool:
        """One of the caller's stop phrases was found."""
        return self._text.stopped

    def tell(self, tokens: Sequence[TokenLogprob]) -> None:
        """Take tokens of the reply, in order; those of calls and documents are not shown."""
        self._text.tell(tokens)

    def show(self, data: bytes) -> list[Event]:
        """Take text; returns what of it can be shown."""
        self._raw += data
        delta = self._text.feed(data)
        return [] if delta is None else [delta]

    def end(self, candidate: CallCandidate) -> list[Event]:
        """What was held back as a possible call or stop phrase was text after all."""
        events = [] if candidate.is_call else self.show(candidate.take())
        return events + self.told()

    def told(self) -> list[Event]:
        """The text has ended; what was held back of it, and tokens that are known only now."""
        delta = self._text.finish()
        return [] if delta is None else [delta]

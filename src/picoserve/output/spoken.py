"""The text of a reply that may turn to calls."""

from collections.abc import Iterable, Sequence

from picoserve.generation import Event, TokenLogprob
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.text import TextOutput


class SpokenText:
    """Shows text and notes it in the raw reply."""

    def __init__(
        self,
        raw: bytearray,
        user_stop: Iterable[str],
        *,
        lead: str = "",
        logprobs: bool = False,
    ) -> None:
        """Begin a reply.

        Args:
            raw: Is kept up to date.
            user_stop: The caller's stop phrases.
            lead: What the reply begins with before its first word; noted, not shown.
            logprobs: Whether token log probabilities are wanted.
        """
        self._raw = raw
        self._lead = lead.encode()
        self._text = TextOutput(user_stop, lead=lead, logprobs=logprobs)

    @property
    def stopped(self) -> bool:
        """One of the caller's stop phrases was found."""
        return self._text.stopped

    @property
    def said(self) -> bytes:
        """The raw reply behind the lead."""
        return bytes(self._raw.removeprefix(self._lead))

    def put_lead(self) -> None:
        """Note the lead where the server itself writes what comes first."""
        self._raw += self._lead

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

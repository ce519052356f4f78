"""A reply that is one document: JSON for a schema, or what a regex or grammar allows.

Speculate and repair: the model writes freely; the document reads along; at the first illegal
byte the call is interrupted, the longest legal text kept, and the model asked again from there.
"""

from collections.abc import Iterable, Sequence

from picoserve.constraint import Grammar, State
from picoserve.generation import EngineFinish, Event, FinishReason, Outcome, TokenLogprob
from picoserve.output.content import Content
from picoserve.output.engine_pieces import EnginePieces
from picoserve.output.reply import ReplyState, Tally


class DocumentReply:
    """The whole reply is one document.

    Attributes:
        tally: What it took so far.
    """

    def __init__(
        self, grammar: Grammar, stop: Iterable[str], *, lead: str = "", logprobs: bool = False
    ) -> None:
        """Begin a reply.

        Args:
            stop: The template's own end marks. A caller's stop phrases have no place in a
                document that must be whole.
            lead: What the model writes before its first word; no part of the document.
            logprobs: Whether token log probabilities are wanted.
        """
        self.tally = Tally()
        self._lead = lead
        self._cut = False
        self._pieces = EnginePieces(stop)
        self._content = Content(grammar, self.tally, self._pieces, logprobs=logprobs)

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        if self._cut or self._content.state is State.COMPLETE:
            return ReplyState.DONE
        if self._pieces.stopped or self._content.state is State.VIOLATION:
            return ReplyState.ENOUGH
        return ReplyState.GOING

    @property
    def prefix(self) -> str:
        """The document so far, behind the lead."""
        text = self._content.prefix
        return self._lead + text if text else ""

    @property
    def finish_reason(self) -> FinishReason:
        """`length` where the document is not whole."""
        return FinishReason.LENGTH if self._cut else FinishReason.STOP

    def start(self) -> list[Event]:
        """What every such document begins with."""
        events = self._content.start()
        self._await_lead()
        return events

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        if self.state is not ReplyState.GOING:
            return []
        return self._content.feed(self._pieces.read(data, tokens))

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the document stands."""
        rest = self._pieces.rest(outcome.tail, outcome.tokens)
        limited = outcome.finish is EngineFinish.LIMIT and not self._pieces.stopped
        events = self._content.feed(rest) + self._content.mend(limited=limited)
        self._pieces.restart()
        self._await_lead()
        return events

    def close(self) -> list[Event]:
        """End the document without the engine: its context is full."""
        return self._content.close()

    def cut(self) -> None:
        """Leave the document as it is."""
        self._cut = True

    def _await_lead(self) -> None:
        """A call on the prompt alone begins with the lead."""
        if not self._content.prefix:
            self._pieces.skip_lead(self._lead)

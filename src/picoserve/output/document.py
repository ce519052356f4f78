"""A reply that is one document: JSON for a schema, or what a regex or grammar allows.

Speculate and repair: the model writes freely; the document reads along; at the first illegal
byte the call is interrupted, the longest legal text kept, and the model asked again from there.
"""

from collections.abc import Iterable, Sequence

from picoserve.constraint import Grammar, State
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    TokenLogprob,
)
from picoserve.output.engine_pieces import EnginePieces
from picoserve.output.held_document import HeldDocument
from picoserve.output.reply import ReplyState, Tally


class DocumentReply:
    """The whole reply is one document.

    Attributes:
        tally: What it took so far.
    """

    def __init__(self, grammar: Grammar, stop: Iterable[str]) -> None:
        """Begin a reply.

        Args:
            stop: The template's own end marks. A caller's stop phrases have no place in a
                document that must be whole.
        """
        self.tally = Tally()
        self._document = HeldDocument(grammar, self.tally)
        self._pieces = EnginePieces(stop)

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        if self._document.state is State.COMPLETE:
            return ReplyState.DONE
        if self._pieces.stopped or self._document.state is State.VIOLATION:
            return ReplyState.ENOUGH
        return ReplyState.GOING

    @property
    def prefix(self) -> str:
        """The document so far."""
        return self._document.prefix

    @property
    def finish_reason(self) -> FinishReason:
        """Always `stop`: whoever cuts a document knows it."""
        return FinishReason.STOP

    def start(self) -> list[Event]:
        """What every such document begins with."""
        return self._shown(self._document.start())

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece. Repaired text has no log probabilities of its own, so none are shown."""
        if self.state is not ReplyState.GOING:
            return []
        piece = self._pieces.read(data, tokens)
        return self._shown(self._document.feed(piece.data, piece.token, piece.at))

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the document stands."""
        shown = b""
        if self._document.state is State.GOING:
            shown += self._document.feed(self._pieces.rest(outcome.tail).data)
        limited = outcome.finish is EngineFinish.LIMIT and not self._pieces.stopped
        if self._document.state is State.GOING and not limited:
            shown += self._document.end_of_text()
        if self._document.state is State.VIOLATION:
            shown += self._document.repair(outcome.tokens)
        self._pieces.restart()
        return self._shown(shown)

    def close(self) -> list[Event]:
        """End the document without the engine: its context is full."""
        return self._shown(self._document.close())

    def _shown(self, data: bytes) -> list[Event]:
        if self._document.state is State.COMPLETE:
            # The last word on it: raises for an invalid one before its end is shown.
            self._document.finish()
        return [TextDelta(data.decode())] if data else []

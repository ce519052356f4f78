"""A reply that is one document: JSON for a schema, or what a regex or grammar allows.

Speculate and repair: the model writes freely; the document reads along; at the first illegal
byte the call is interrupted, the longest legal text kept, and the model asked again from there.
"""

from collections.abc import Iterable, Sequence

from picoserve.constraint import Document, Grammar, State
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    TokenLogprob,
)
from picoserve.output.final_check import check_document
from picoserve.output.reply import ReplyState
from picoserve.output.stop import ByteStopFilter


class DocumentReply:
    """The whole reply is one document."""

    def __init__(self, grammar: Grammar, stop: Iterable[str]) -> None:
        """Begin a reply.

        Args:
            stop: The template's own end marks. A caller's stop phrases have no place in a
                document that must be whole.
        """
        self._grammar = grammar
        self._document = Document(grammar)
        self._stop_phrases = tuple(stop)
        self._stop = ByteStopFilter(self._stop_phrases)

    @property
    def repairs(self) -> int:
        """Repairs made so far."""
        return self._document.repairs

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        if self._document.state is State.COMPLETE:
            return ReplyState.DONE
        if self._stop.stopped or self._document.state is State.VIOLATION:
            return ReplyState.ENOUGH
        return ReplyState.GOING

    @property
    def prefix(self) -> str:
        """The document so far."""
        return self._document.prefix_for_prompt()

    @property
    def finish_reason(self) -> FinishReason:
        """Always `stop`: whoever cuts a document knows it."""
        return FinishReason.STOP

    def start(self) -> list[Event]:
        """What every such document begins with."""
        return self._shown(self._document.start().emitted)

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:  # noqa: ARG002
        """Read a piece. Repaired text has no log probabilities of its own, so none are shown."""
        return self._shown(self._document.feed(self._stop.feed(data)).emitted)

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the document stands."""
        events: list[Event] = []
        if self._document.state is State.GOING:
            rest = self._stop.feed(outcome.tail) + self._stop.finish()
            events += self._shown(self._document.feed(rest).emitted)
        limited = outcome.finish is EngineFinish.LIMIT and not self._stop.stopped
        if self._document.state is State.GOING and not limited:
            events += self._shown(self._document.end_of_text().emitted)
        if self._document.state is State.VIOLATION:
            events += self._shown(self._document.repair().emitted)
        self._stop = ByteStopFilter(self._stop_phrases)
        self._check()
        return events

    def close(self) -> list[Event]:
        """End the document without the engine: its context is full."""
        events = self._shown(self._document.close().emitted)
        self._check()
        return events

    def _check(self) -> None:
        """The last word on a finished document. Raises EngineFailedError for an invalid one."""
        if self._document.state is State.COMPLETE:
            check_document(self._grammar, self._document.finish())

    @staticmethod
    def _shown(data: bytes) -> list[Event]:
        return [TextDelta(data.decode())] if data else []

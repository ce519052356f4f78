"""A document that is the content of a reply, as the events that a client sees."""

from picoserve.constraint import Grammar, State
from picoserve.generation import Event, TextDelta
from picoserve.output.engine_pieces import EnginePiece, EnginePieces
from picoserve.output.held_document import HeldDocument
from picoserve.output.reply import Tally


class Content:
    """Reads one document, repairs it, and raises for one that breaks its promise."""

    def __init__(
        self, grammar: Grammar, tally: Tally, pieces: EnginePieces, *, logprobs: bool
    ) -> None:
        self._document = HeldDocument(grammar, tally, pieces, logprobs=logprobs)

    @property
    def state(self) -> State:
        """How it stands."""
        return self._document.state

    @property
    def prefix(self) -> str:
        """The document so far."""
        return self._document.prefix

    def start(self) -> list[Event]:
        """Put in what every such document begins with."""
        return self._shown(self._document.start())

    def feed(self, piece: EnginePiece) -> list[Event]:
        """Read what the model says."""
        return self._shown(self._document.feed(piece))

    def mend(self, *, limited: bool) -> list[Event]:
        """The model's turn has ended: repair what it has left.

        Args:
            limited: A limit has ended it.
        """
        shown = b""
        if self.state is State.GOING and not limited:
            shown += self._document.end_of_text()
        if self.state is State.VIOLATION:
            shown += self._document.repair()
        return self._shown(shown, last=True)

    def close(self) -> list[Event]:
        """End it without the engine."""
        return self._shown(self._document.close(), last=True)

    def _shown(self, data: bytes, *, last: bool = False) -> list[Event]:
        complete = self.state is State.COMPLETE
        if complete:
            # The last word on it: raises for an invalid one before its end is shown.
            self._document.finish()
        tokens = self._document.logprobs(last=last or complete)
        return [TextDelta(data.decode(), tokens)] if data or tokens else []

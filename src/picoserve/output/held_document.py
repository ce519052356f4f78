"""A document under way as a reply sees it: counted, checked at its end, its failures honest."""

from collections.abc import Callable

from picoserve.constraint import ConstraintError, Document, Grammar, State, Verdict
from picoserve.errors import EngineFailedError
from picoserve.generation import TokenLogprob
from picoserve.output.document_tokens import DocumentTokens
from picoserve.output.engine_pieces import EnginePiece, EnginePieces, PlacedToken
from picoserve.output.final_check import check_document
from picoserve.output.reply import Tally


class HeldDocument:
    """Every byte of it is certain when it is given out.

    All methods raise EngineFailedError where the guarantee cannot be kept.
    """

    def __init__(
        self, grammar: Grammar, tally: Tally, pieces: EnginePieces, *, logprobs: bool = False
    ) -> None:
        """Begin a document.

        Args:
            grammar: What it must become.
            tally: Is kept up to date.
            pieces: Where all that is fed comes from.
            logprobs: Whether token log probabilities are wanted.
        """
        self._grammar = grammar
        self._document = Document(grammar, traced=logprobs)
        self._tally = tally
        self._pieces = pieces
        self._tokens = DocumentTokens(pieces) if logprobs else None
        self._fed: list[EnginePiece] = []
        self._finished = ""

    @property
    def state(self) -> State:
        """How it stands."""
        return self._document.state

    @property
    def prefix(self) -> str:
        """The text so far, as a prompt must continue with it."""
        return self._document.prefix_for_prompt()

    def start(self) -> bytes:
        """Put in what every such document begins with."""
        return self._step(self._document.start)

    def feed(self, piece: EnginePiece) -> bytes:
        """Read bytes."""
        if piece.data and self.state is State.GOING:
            self._fed.append(piece)
        return self._step(lambda: self._document.feed(piece.data, piece.start))

    def end_of_text(self) -> bytes:
        """The model has ended by itself."""
        return self._step(self._document.end_of_text)

    def repair(self) -> bytes:
        """Put a wrong turn right, if it can be with what the model might have said instead."""
        broken = self._broken_token()
        others = () if broken is None else broken.token.top
        told = [choice.token for choice in others] or None
        self._fed.clear()
        emitted = self._step(lambda: self._document.repair(told))
        taken = self._document.alternative
        if broken is not None and taken is not None:
            instead = TokenLogprob(others[taken].token, others[taken].logprob, others)
            self._pieces.replace(broken, instead)
        return emitted

    def close(self) -> bytes:
        """End it without the engine."""
        return self._step(self._document.close)

    def logprobs(self, *, last: bool) -> tuple[TokenLogprob, ...] | None:
        """Of what was given out, as far as the engine has told; None where nobody asked.

        Args:
            last: The call has ended, or the document.
        """
        return None if self._tokens is None else self._tokens.take(last=last)

    def finish(self) -> str:
        """The whole text, checked once."""
        if not self._finished:
            text = self._document.finish()
            self._tally.misses += not check_document(self._grammar, text)
            self._finished = text
        return self._finished

    def _step(self, step: Callable[[], Verdict]) -> bytes:
        document, tally = self._document, self._tally
        repairs, forced, closed = document.repairs, document.forced_bytes, document.closed
        try:
            verdict = step()
        except ConstraintError as error:
            raise EngineFailedError(f"The answer cannot be brought to an end: {error}") from error
        tally.repairs += document.repairs - repairs
        tally.forced_bytes += document.forced_bytes - forced
        tally.closes += document.closed - closed
        if self._tokens is not None:
            self._tokens.show(verdict.emitted, verdict.sources)
        return verdict.emitted

    def _broken_token(self) -> PlacedToken | None:
        """The token that broke the grammar, where the engine tells it and it was one piece."""
        index = self._document.broken_piece
        if index >= len(self._fed):
            return None
        piece = self._fed[index]
        placed = self._pieces.token_at(piece.start)
        if placed is None or (placed.start, placed.token.token) != (piece.start, piece.data):
            return None
        return placed

"""A document under way as a reply sees it: counted, checked at its end, its failures honest."""

from collections.abc import Callable, Sequence
from typing import Final

from picoserve.constraint import ConstraintError, Document, Grammar, State, Verdict
from picoserve.errors import EngineFailedError
from picoserve.generation import TokenLogprob
from picoserve.output.final_check import check_document
from picoserve.output.reply import Tally

_NO_PIECE: Final = -1


class HeldDocument:
    """Every byte of it is certain when it is given out.

    All methods raise EngineFailedError where the guarantee cannot be kept.
    """

    def __init__(self, grammar: Grammar, tally: Tally) -> None:
        self._grammar = grammar
        self._document = Document(grammar)
        self._tally = tally
        self._pieces: list[tuple[bytes, TokenLogprob | None, int]] = []

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

    def feed(self, data: bytes, token: TokenLogprob | None = None, at: int = _NO_PIECE) -> bytes:
        """Read bytes.

        Args:
            token: The token that these bytes are, where the engine has told it by now.
            at: Which of the call's pieces these bytes are, where they are just one.
        """
        if data and self.state is State.GOING:
            self._pieces.append((data, token, at))
        return self._step(lambda: self._document.feed(data))

    def end_of_text(self) -> bytes:
        """The model has ended by itself."""
        return self._step(self._document.end_of_text)

    def repair(self, tokens: Sequence[TokenLogprob] = ()) -> bytes:
        """Put a wrong turn right.

        Args:
            tokens: All tokens of the call that has ended, where the engine tells them only now.
        """
        others = self._other_tokens(tokens)
        self._pieces.clear()
        return self._step(lambda: self._document.repair(others))

    def close(self) -> bytes:
        """End it without the engine."""
        return self._step(self._document.close)

    def finish(self) -> str:
        """The whole text, checked."""
        text = self._document.finish()
        check_document(self._grammar, text)
        return text

    def _step(self, step: Callable[[], Verdict]) -> bytes:
        document, tally = self._document, self._tally
        repairs, forced, closed = document.repairs, document.forced_bytes, document.closed
        try:
            emitted = step().emitted
        except ConstraintError as error:
            raise EngineFailedError(f"The answer cannot be brought to an end: {error}") from error
        tally.repairs += document.repairs - repairs
        tally.forced_bytes += document.forced_bytes - forced
        tally.closes += document.closed - closed
        return emitted

    def _other_tokens(self, tokens: Sequence[TokenLogprob]) -> list[bytes]:
        """What the model might have said in place of the piece that broke the grammar."""
        broken = self._document.broken_piece
        if broken >= len(self._pieces):
            return []
        data, token, at = self._pieces[broken]
        if token is None and 0 <= at < len(tokens) and tokens[at].token == data:
            token = tokens[at]
        return [] if token is None else [choice.token for choice in token.top]


def openers(content: Grammar) -> bytes:
    """The bytes with which the document could begin; for JSON brackets, where they are legal."""
    legal = content.new_matcher().legal()
    brackets = bytes(byte for byte in legal if byte in b"{[")
    return brackets or legal if content.is_json else legal

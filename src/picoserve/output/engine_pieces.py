"""What an engine says in one reply: pieces without end marks, and the tokens that they are.

Positions count the reply's bytes over all calls of the engine, so that every byte of what is
made of them can be led back to its token.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from picoserve.generation import TokenLogprob
from picoserve.output.lead import LeadFilter
from picoserve.output.stop import ByteStopFilter


@dataclass(frozen=True, slots=True)
class EnginePiece:
    """Bytes of a reply.

    Attributes:
        start: The position of the first one.
    """

    data: bytes
    start: int = 0


@dataclass(frozen=True, slots=True)
class PlacedToken:
    """A token and the position of its first byte."""

    token: TokenLogprob
    start: int


class EnginePieces:
    """The pieces and tokens of one call of the engine after the other."""

    def __init__(self, end_marks: Iterable[str]) -> None:
        self._end_marks = tuple(end_marks)
        self._stop = ByteStopFilter(self._end_marks)
        self._lead = LeadFilter("")
        self._read = 0
        self._told = 0
        self._ended = False
        self._tokens: list[TokenLogprob] = []
        self._starts: list[int] = []

    @property
    def stopped(self) -> bool:
        """An end mark was found."""
        return self._stop.stopped

    def skip_lead(self, lead: str) -> None:
        """Leave this out where the call begins with it."""
        self._lead = LeadFilter(lead)

    def read(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> EnginePiece:
        """Take a piece; returns what of it can be read for certain."""
        self._tell(tokens)
        return self._placed(self._stop.feed(self._without_lead(data)))

    def rest(self, tail: bytes, tokens: Sequence[TokenLogprob] = ()) -> EnginePiece:
        """The call has ended: what was held back, and what no piece has brought.

        Args:
            tail: Bytes that came in no piece.
            tokens: All tokens of the call, where the engine tells them only now.
        """
        self._tell(tokens)
        self._ended = True
        data = self._without_lead(tail) + self._lead.finish()
        return self._placed(self._stop.feed(data) + self._stop.finish())

    def restart(self) -> None:
        """Another call begins. The tokens of the last one are forgotten."""
        self._stop = ByteStopFilter(self._end_marks)
        self._lead = LeadFilter("")
        self._read = self._told = max(self._told, self._read)
        self._ended = False
        self._tokens.clear()
        self._starts.clear()

    def is_told(self, position: int) -> bool:
        """Whether all is known of this byte's token that the engine will ever tell."""
        return self._ended or position < self._told

    def token_at(self, position: int) -> PlacedToken | None:
        """The token that a byte of this call belongs to; None where the engine tells none."""
        index = bisect_right(self._starts, position) - 1
        if index < 0 or position >= self._told:
            return None
        return PlacedToken(self._tokens[index], self._starts[index])

    def replace(self, old: PlacedToken, token: TokenLogprob) -> None:
        """Another token is taken in the place of one."""
        self._tokens[self._starts.index(old.start)] = token

    def _tell(self, tokens: Sequence[TokenLogprob]) -> None:
        for token in tokens:
            if token.token:
                self._tokens.append(token)
                self._starts.append(self._told)
                self._told += len(token.token)

    def _without_lead(self, data: bytes) -> bytes:
        before = len(self._lead.dropped)
        data = self._lead.feed(data)
        self._read += len(self._lead.dropped) - before
        return data

    def _placed(self, data: bytes) -> EnginePiece:
        start, self._read = self._read, self._read + len(data)
        return EnginePiece(data, start)

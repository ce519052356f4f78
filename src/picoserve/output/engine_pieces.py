"""An engine's pieces without the template's end marks, each with the token that it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from picoserve.generation import TokenLogprob
from picoserve.output.stop import ByteStopFilter


@dataclass(frozen=True, slots=True)
class EnginePiece:
    """Bytes of a reply.

    Attributes:
        token: The token that they are, where the engine tells it with the piece.
        at: Which of the call's pieces they are; -1 where they are part of one, or of several.
    """

    data: bytes
    token: TokenLogprob | None = None
    at: int = -1


class EnginePieces:
    """The pieces of one call of the engine."""

    def __init__(self, end_marks: Iterable[str]) -> None:
        self._end_marks = tuple(end_marks)
        self._stop = ByteStopFilter(self._end_marks)
        self._count = 0

    @property
    def stopped(self) -> bool:
        """An end mark was found."""
        return self._stop.stopped

    def read(self, data: bytes, tokens: Sequence[TokenLogprob]) -> EnginePiece:
        """Take a piece; returns what of it can be read for certain."""
        at, self._count = self._count, self._count + 1
        certain = self._stop.feed(data)
        if certain != data:
            return EnginePiece(certain)
        told = len(tokens) == 1 and tokens[0].token == data
        return EnginePiece(certain, tokens[0] if told else None, at)

    def rest(self, tail: bytes) -> EnginePiece:
        """The call has ended: what was held back, and what no piece has brought."""
        return EnginePiece(self._stop.feed(tail) + self._stop.finish())

    def restart(self) -> None:
        """Another call begins."""
        self._stop = ByteStopFilter(self._end_marks)
        self._count = 0

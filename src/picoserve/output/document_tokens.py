"""The log probabilities of a document whose bytes are not all the model's own.

One item for each token that has left something in the document, with the bytes that it has come
to there, and one for each run of bytes that the server put in; joined they are the document.
"""

from collections.abc import Sequence
from typing import Final

from picoserve.constraint import FORCED
from picoserve.generation import TokenLogprob
from picoserve.output.engine_pieces import EnginePieces

CERTAIN: Final = 0.0
"""Of bytes that had to come: nothing else was legal, or their token was told before."""
UNLIKELY: Final = -9999.0
"""OpenAI's value for what is not among the likeliest tokens: the server's own choice here."""
_UNTOLD: Final = -3


class DocumentTokens:
    """Follows the bytes of a document as they are shown."""

    def __init__(self, pieces: EnginePieces) -> None:
        self._pieces = pieces
        self._waiting: list[tuple[bytes, Sequence[int]]] = []
        self._data = bytearray()
        self._token: TokenLogprob | None = None
        self._origin = _UNTOLD
        self._told_origin = _UNTOLD

    def show(self, data: bytes, sources: Sequence[int]) -> None:
        """Note bytes that are shown, with the source of each."""
        if data:
            self._waiting.append((data, sources))

    def take(self, *, last: bool) -> tuple[TokenLogprob, ...]:
        """The items that are certain by now.

        Args:
            last: No byte follows that could belong to the last item.
        """
        items: list[TokenLogprob] = []
        while self._waiting and self._pieces.is_told(max(self._waiting[0][1])):
            for byte, source in zip(*self._waiting.pop(0), strict=True):
                self._add(byte, source, items)
        if last and not self._waiting:
            self._end_item(items)
        return tuple(items)

    def _add(self, byte: int, source: int, items: list[TokenLogprob]) -> None:
        """One more byte; an item ends where another token or the server goes on."""
        placed = self._pieces.token_at(source) if source >= 0 else None
        untold = _UNTOLD if source >= 0 else source
        origin = untold if placed is None else placed.start
        if origin != self._origin:
            self._end_item(items)
            self._origin = origin
        self._token = None if placed is None else placed.token
        self._data.append(byte)

    def _end_item(self, items: list[TokenLogprob]) -> None:
        if self._data:
            items.append(self._item(bytes(self._data)))
            self._data.clear()
            self._told_origin = self._origin

    def _item(self, data: bytes) -> TokenLogprob:
        if self._token is None:
            return TokenLogprob(data, CERTAIN if self._origin == FORCED else UNLIKELY)
        if self._origin == self._told_origin:
            return TokenLogprob(data, CERTAIN)
        return TokenLogprob(data, self._token.logprob, self._token.top)

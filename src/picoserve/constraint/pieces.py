"""Which of an engine's pieces broke the grammar, and how much of it was fine."""

import bisect


class Pieces:
    """The raw pieces of one call of the engine, and how far they were read."""

    def __init__(self) -> None:
        self._raw = bytearray()
        self._starts: list[int] = []
        self._read = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, piece: bytes) -> None:
        """Note a piece that is about to be read."""
        self._starts.append(len(self._raw))
        self._raw += piece

    def advance(self, count: int) -> None:
        """Note that so many more bytes were read and dealt with."""
        self._read += count

    def clear(self) -> None:
        """Forget all pieces: a new call begins."""
        self._raw.clear()
        self._starts.clear()
        self._read = 0

    @property
    def current(self) -> int:
        """Index of the piece that holds the first byte not dealt with, or of the last piece.

        It may lie before the last one: a word is judged by what follows it.
        """
        return max(0, bisect.bisect_right(self._starts, self._read) - 1)

    def accepted_part(self) -> bytes:
        """Return the bytes of the current piece that were dealt with."""
        start = self._starts[self.current] if self._starts else 0
        return bytes(self._raw[start : self._read])

"""Where each byte of a document came from: the model's own words, or the server."""

from array import array
from collections.abc import Sequence
from typing import Final

FORCED: Final = -1
"""The server's, because nothing else was legal."""
CHOSEN: Final = -2
"""The server's, in place of what the model wanted or did not say."""


class Trace:
    """A source for each byte of a text: a position in what was read, `FORCED` or `CHOSEN`.

    A source is announced with `begin`; whatever the text then grows by has it. Bytes that were
    read as they are stand one for one, rewritten ones for the bytes they were made from.
    """

    def __init__(self) -> None:
        self._sources: array[int] = array("q")
        self._source = FORCED

    def begin(self, source: int) -> None:
        """What comes next is from here on."""
        self._source = source

    def grow(self, count: int) -> None:
        """The text has grown."""
        if self._source < 0:
            self._sources.extend([self._source] * count)
        else:
            self._sources.extend(range(self._source, self._source + count))

    def shrink(self, count: int) -> None:
        """The text has lost its last bytes."""
        del self._sources[len(self._sources) - count :]

    def end(self, position: int) -> None:
        """What has grown came from before this position, however long it has become."""
        at = len(self._sources) - 1
        while at >= 0 and self._sources[at] >= position:
            self._sources[at] = position - 1
            at -= 1

    def part(self, start: int, end: int) -> Sequence[int]:
        """The sources of some bytes."""
        return self._sources[start:end]

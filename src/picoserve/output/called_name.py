"""The name in a call: exactly a known one, or clearly meant as one."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 160
_SEPARATOR: Final = re.compile(r"[.:/]")
_NO_LETTER: Final = re.compile(r"[\W_]+")


class CalledName:
    """Holds a name until its closing quote, since nothing of a name is shown before it is whole.

    A name is clearly meant where it is the same but for case, hyphens, underscores and blanks,
    or has a namespace in front (`functions.get_weather`), and only one known name is the same so.
    Whatever else a model says is handed on as it is, and repaired.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        counts = Counter(map(_plain, self._names))
        self._meant = {_plain(name): name for name in self._names if counts[_plain(name)] == 1}
        self._held = b""
        self._is_over = False

    def feed(self, data: bytes, begun: str) -> bytes:
        """Take bytes; returns what of them can be read.

        Args:
            begun: What stands of the name already.
        """
        if self._is_over:
            return data
        self._held += data
        name, quote, rest = self._held.partition(b'"')
        if not quote and len(self._held) <= _LONGEST:
            return b""
        return self._whole(name, begun) + quote + rest

    @property
    def may_be_known(self) -> bool:
        """What was read of it so far may become a known one."""
        begun = _plain(self._held.decode(errors="ignore"))
        return any(_plain(name).startswith(begun) for name in self._names)

    def rest(self) -> bytes:
        """No more comes for now: what is held."""
        held, self._held = self._held, b""
        return held

    def _whole(self, name: bytes, begun: str) -> bytes:
        self._is_over = True
        self._held = b""
        said = begun + name.decode(errors="replace")
        known = self.known(said)
        if known is None or not known.startswith(begun):
            return name
        return known[len(begun) :].encode()

    def known(self, said: str) -> str | None:
        """The function that is meant by a name; None if that is not clear."""
        if said in self._names:
            return said
        starts = [0, *(found.end() for found in _SEPARATOR.finditer(said))]
        found = [self._meant.get(_plain(said[start:])) for start in starts]
        return next((name for name in found if name is not None), None)


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name).casefold()

"""A grammar's automaton together with the bounds that keep documents finite."""

from typing import Final, Self

from picoserve.constraint import lexical
from picoserve.constraint.automaton import Automaton
from picoserve.constraint.trace import Trace

_OPENERS: Final = b"[{"


class Matcher:
    """The text of one document so far, and what may follow.

    Args:
        grammar: llguidance grammar text.
        is_json: The grammar describes JSON, so that strings, numbers and depth can be told apart
            and bounded. Other grammars are taken as they are.

    Attributes:
        trace: Is told of each byte that is taken or given back; not by copies.

    Not safe for use by two threads at once.
    """

    def __init__(self, grammar: str, *, is_json: bool = True) -> None:
        self.is_json = is_json
        self.trace: Trace | None = None
        self._automaton = Automaton(grammar)
        self._places = bytearray()
        self._depth = 0

    def copy(self) -> Self:
        """Return a second matcher in the same state; the two go separate ways."""
        twin = object.__new__(type(self))
        twin.is_json = self.is_json
        twin.trace = None
        twin._automaton = self._automaton.copy()
        twin._places = bytearray(self._places)
        twin._depth = self._depth
        return twin

    @property
    def text(self) -> bytearray:
        """The bytes taken so far; read only."""
        return self._automaton.text

    @property
    def place(self) -> int:
        """Where the text ends: `lexical.OUTSIDE`, `STRING` or `ESCAPE`."""
        return self._places[-1] if self._places else lexical.OUTSIDE

    @property
    def in_string(self) -> bool:
        """The text ends inside a JSON string."""
        return self.place != lexical.OUTSIDE

    @property
    def is_accepting(self) -> bool:
        """The text may end here."""
        return self._automaton.is_accepting

    @property
    def is_complete(self) -> bool:
        """The text may end here and nothing may follow."""
        return self._automaton.is_complete

    def feed(self, data: bytes, *, bounded: bool = True) -> int:
        """Take bytes up to the first one that the grammar or a bound forbids.

        Args:
            data: The bytes.
            bounded: Hold them to the bounds. Not for bytes that lead to the end: a multiple of
                seven may need one more digit than a bound allows.

        Returns:
            The number of bytes taken.
        """
        taken = self._take(data, bounded=bounded)
        if self.trace is not None:
            self.trace.grow(taken)
        return taken

    def _take(self, data: bytes, *, bounded: bool) -> int:
        if not self.is_json:
            return self._automaton.take(data)
        where = lexical.places(data, self.place)
        if bounded:
            end = lexical.first_excess(self.text, self._places, data, where)
            data = data[: min(end, self._first_too_deep(data, where))]
        taken = self._automaton.take(data)
        self._places += where[:taken]
        self._depth += lexical.depth_change(data[:taken], where)
        return taken

    def accepts(self, data: bytes) -> bool:
        """Tell whether all these bytes may come next, without taking them."""
        return self._automaton.would_take(data) and self.copy().feed(data) == len(data)

    def put(self, data: bytes) -> bool:
        """Take all these bytes or none of them.

        Returns:
            Whether they were taken.
        """
        taken = self.feed(data)
        if taken < len(data):
            self.rollback(taken)
        return taken == len(data)

    def legal(self) -> bytes:
        """Return the bytes that may come next, in ascending order.

        A bound yields where it would leave nothing.
        """
        legal = self._automaton.legal()
        if not self.is_json:
            return legal
        forbidden = self.forbidden()
        if not forbidden:
            return legal
        rest = legal.translate(None, forbidden)
        return rest if rest.translate(None, self._blanks()) else legal

    def forced(self, limit: int = 65_536) -> bytes:
        """Return the bytes that must come next, blanks aside.

        Where JSON allows blanks between tokens the next token is forced all the same; one blank
        is put after `:` and `,`, as most models write it.

        Args:
            limit: Stop after this many bytes.
        """
        probe = self.copy()
        start = len(self.text)
        while len(probe.text) - start < limit and not probe.is_accepting:
            step = probe.forced_step()
            if not step or probe.feed(step, bounded=False) < len(step):
                break
        return bytes(probe.text[start:])

    def forced_step(self) -> bytes:
        """Return the first few forced bytes, at least one if any is forced."""
        only = self._automaton.only()
        if only or not self.is_json or self.in_string:
            return only
        legal = self.legal()
        solid = legal.translate(None, lexical.WHITESPACE)
        if len(solid) != 1:
            return b""
        return b" " + solid if self.wants_blank(legal) else solid

    def wants_blank(self, legal: bytes) -> bool:
        """Tell whether house style puts a blank here, before the next token.

        Args:
            legal: What `legal` returns here.
        """
        after = bytes(self.text[-1:]) in (b":", b",")
        return self.is_json and after and not self.in_string and b" " in legal

    def rollback(self, count: int) -> None:
        """Give back the last `count` bytes.

        Raises:
            ValueError: More bytes than were taken.
        """
        if not count:
            return
        gone = bytes(self.text[-count:])
        self._automaton.rollback(count)
        if self.trace is not None:
            self.trace.shrink(count)
        if self.is_json:
            self._depth -= lexical.depth_change(gone, self._places[-count:])
            del self._places[-count:]

    def held_bytes(self) -> int:
        """Count the last bytes that may still be taken back, so that none of them is shown."""
        if not self.is_json:
            return lexical.partial_character(self.text)
        return lexical.held_bytes(self.text, self.place)

    def open_key_bytes(self) -> int:
        """Count the bytes of an open key at the end, from the comma before it on."""
        return lexical.open_key_bytes(self.text, self._places)

    def is_in_rut(self) -> bool:
        """Tell whether the text repeats itself with a short period, in one string."""
        size = lexical.PERIOD_WINDOW
        if self.is_json and lexical.OUTSIDE in self._places[-size:]:
            return False
        return lexical.is_periodic(self.text[-size:])

    def _first_too_deep(self, data: bytes, where: bytes) -> int:
        if self._depth + data.count(b"[") + data.count(b"{") <= lexical.DEPTH:
            return len(data)
        for index in range(len(data)):
            if data[index] in _OPENERS and where[index] == lexical.OUTSIDE:
                change = lexical.depth_change(data[: index + 1], where)
                if self._depth + change > lexical.DEPTH:
                    return index
        return len(data)

    def forbidden(self) -> bytes:
        """Return the bytes that a bound keeps the model from writing here."""
        if self._depth >= lexical.DEPTH and not self.in_string:
            return _OPENERS
        return lexical.at_bound(self.text, self.place)

    def _blanks(self) -> bytes:
        return b"" if self.in_string else lexical.WHITESPACE

"""A JSON object whose members come in any order, written in the order of its schema.

Grammars hold members to that order, and a model that writes each argument in a tag of its own, or
all by the alphabet, was trained on another.
"""

import json
from collections.abc import Iterable


class OrderedObject:
    """Passes a member on while all before it are there, and keeps it until then otherwise.

    Attributes:
        is_open: A member is being written.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Begin.

        Args:
            names: The members in order; others come last.
        """
        self.is_open = False
        self._missing = list(names)
        self._kept: dict[str, bytes] = {}
        self._key = ""
        self._value: bytearray | None = None  # None where the member passes
        self._out = bytearray(b"{")
        self._written: set[str] = set()

    def open(self, key: str) -> None:
        """A member begins."""
        self.is_open = True
        self._key = key
        self._value = None if self._missing[:1] == [key] else bytearray()
        if self._value is None:
            self._write_key(key)

    def add(self, data: bytes) -> None:
        """More of the member that is open, as JSON; of the object itself where none is."""
        if self.is_open and self._value is not None:
            self._value += data
        else:
            self._out += data

    def close(self) -> None:
        """The member is whole."""
        self.is_open = False
        if self._value is None:
            self._missing.remove(self._key)
        elif self._key not in self._written:
            self._kept.setdefault(self._key, bytes(self._value))
        while self._missing and self._missing[0] in self._kept:
            self._write_kept(self._missing.pop(0))

    def end(self) -> None:
        """The object is whole."""
        if self.is_open:
            self.close()
        for key in [*(key for key in self._missing if key in self._kept), *self._kept]:
            if key in self._kept:
                self._write_kept(key)
        self._out += b"}"

    def take(self) -> bytes:
        """What can be passed on by now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def _write_kept(self, key: str) -> None:
        self._write_key(key)
        self._out += self._kept.pop(key)

    def _write_key(self, key: str) -> None:
        self._out += b", " if self._written else b""
        self._out += f"{json.dumps(key)}: ".encode()
        self._written.add(key)

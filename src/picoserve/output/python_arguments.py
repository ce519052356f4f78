"""Arguments of a call in Python's syntax, as the JSON object that they mean.

Some models were trained to call as `[get_weather(city="Paris", days=2)]`. Only the frame is
written anew here: keys, colons, the braces around it. Values pass through, for the reader of
documents knows single quotes, `True` and `None`.
"""

import re
from collections.abc import Sequence
from typing import Final

_BLANKS: Final = b" \t\r\n"
_OPENERS: Final = b"([{"
_CLOSERS: Final = b")]}"
_KEY: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,127}")
_LONGEST_KEY: Final = 128


class PythonArguments:
    """Reads what follows a call's opening parenthesis.

    Attributes:
        is_over: The closing parenthesis was read.
        end_byte: With which it ends.
    """

    end_byte = b")"

    def __init__(self, names: Sequence[str]) -> None:
        """Begin.

        Args:
            names: The parameters in order, for values that come without one.
        """
        self.is_over = False
        self._names = names
        self._count = 0
        self._key: bytes | None = b""  # None inside a value
        self._depth = 0
        self._quote = b""
        self._escaped = False
        self._out = bytearray(b"{")

    def feed(self, data: bytes) -> bytes:
        """Take bytes up to the closing parenthesis; returns JSON."""
        for index in range(len(data)):
            if not self.is_over:
                self._take(data[index : index + 1])
        out = bytes(self._out)
        self._out.clear()
        return out

    def _take(self, byte: bytes) -> None:
        if self._key is not None:
            self._take_key(byte, self._key)
        elif self._quote:
            self._take_string(byte)
        else:
            self._take_value(byte)

    def _take_key(self, byte: bytes, key: bytes) -> None:
        if not key and byte in _BLANKS + b",":
            return
        if not key and byte == b")":
            self._end()
        elif byte == b"=" and _KEY.fullmatch(key.rstrip()):
            self._begin_value(key.rstrip().decode())
        elif _KEY.fullmatch((key + byte).rstrip()):
            self._key = key + byte
        else:
            # A value without its name.
            name = self._names[self._count] if self._count < len(self._names) else ""
            self._begin_value(name)
            for at in range(len(key)):
                self._take(key[at : at + 1])
            self._take(byte)

    def _begin_value(self, name: str) -> None:
        self._out += b'%s"%s": ' % (b", " if self._count else b"", name.encode())
        self._count += 1
        self._key = None

    def _take_string(self, byte: bytes) -> None:
        self._out += byte
        if self._escaped or byte == b"\\":
            self._escaped = not self._escaped
        elif byte == self._quote:
            self._quote = b""

    def _take_value(self, byte: bytes) -> None:
        if self._depth == 0 and byte in b",)":
            self._key = b""
            if byte == b")":
                self._end()
            return
        if byte in _OPENERS:
            self._depth += 1
        elif byte in _CLOSERS:
            self._depth -= 1
        elif byte in b"\"'":
            self._quote = byte
        # A tuple is a list.
        self._out += byte.translate(bytes.maketrans(b"()", b"[]"))

    def _end(self) -> None:
        self._out += b"}"
        self.is_over = True

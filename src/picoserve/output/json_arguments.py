"""Arguments of a call in JSON: an object, or a string that holds one, as OpenAI writes them."""

import re
from typing import Final

_BLANKS: Final = b" \t\r\n"
_QUOTE: Final = b'"'
_HEX: Final = rb"[0-9A-Fa-f]"
_ESCAPE: Final = rb"\\[^u]|\\u(?:%b{4}|(?=%b{0,3}[^0-9A-Fa-f]))" % (_HEX, _HEX)
_ESCAPES: Final = re.compile(_ESCAPE, re.DOTALL)
_WHOLE: Final = re.compile(rb'(?:[^"\\]|%b)*' % _ESCAPE, re.DOTALL)
_CONTROLS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class JsonArguments:
    """Reads what follows the key of a call's arguments; an object passes through.

    Attributes:
        is_over: The string's closing quote was read.
        end_byte: With which an object may end.
    """

    end_byte = b"}"

    def __init__(self) -> None:
        self.is_over = False
        self._is_text: bool | None = None  # None until it has begun
        self._is_empty = True
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes up to the closing quote; returns the object's."""
        if self._is_text is None:
            data = data.lstrip(_BLANKS)
            self._is_text = data.startswith(_QUOTE) if data else None
            data = data.removeprefix(_QUOTE)
        if not self._is_text:
            return data
        return b"" if self.is_over else self._unescaped(data)

    def _unescaped(self, data: bytes) -> bytes:
        self._held += data
        found = _WHOLE.match(self._held)
        end = found.end() if found else 0
        said, self._held = self._held[:end], self._held[end:]
        self._is_empty = self._is_empty and not said
        self.is_over = self._held.startswith(_QUOTE)
        if self.is_over and self._is_empty:
            return b"{}"
        return _ESCAPES.sub(_plain, said)


def _plain(escape: re.Match[bytes]) -> bytes:
    """What an escape stands for. A character beyond ASCII may stay one: it is in a string."""
    kind, digits = escape[0][1:2], escape[0][2:]
    if kind != b"u":
        return _CONTROLS.get(kind, kind)
    is_ascii = digits[:2] == b"00" and digits[2:3] < b"8"
    return bytes([int(digits, 16)]) if is_ascii else escape[0]

r"""Escapes in JSON strings: read as a model writes them, written as this server shows them.

Characters stand for themselves wherever JSON allows it. So an escaped letter of an enum is
recognised, and no declared key can be smuggled past a closed object as `"\u0061"`.
"""

import re
from typing import Final

from picoserve.constraint.desk import WAIT, Desk

_SHORT_ESCAPES: Final = {"\n": b"\\n", "\r": b"\\r", "\t": b"\\t", "\b": b"\\b", "\f": b"\\f"}
_SIMPLE: Final = {
    b"n": "\n", b"r": "\r", b"t": "\t", b"b": "\b", b"f": "\f", b'"': '"', b"\\": "\\", b"/": "/",
}  # fmt: skip
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{0,4}")


def escaped(character: str) -> tuple[bytes, ...]:
    """Write a character as it may stand in a JSON string, best first."""
    if character in '"\\':
        return (b"\\" + character.encode(),)
    if character in _SHORT_ESCAPES:
        return (_SHORT_ESCAPES[character], b" ")
    if character < " ":
        return (f"\\u{ord(character):04x}".encode(), b" ")
    return (character.encode(errors="replace"),)


def read_escape(desk: Desk, rest: bytes, final: bool) -> int | None:
    """Deal with an escape that begins with the first byte; see `rewrites` for the result."""
    if rest[:1] != b"\\":
        return None
    if len(rest) == 1:
        return desk.drop(1) if final else WAIT
    if rest[1:2] == b"u":
        return _unicode_escape(desk, rest, final)
    meant = _SIMPLE.get(rest[1:2])
    if meant is None:
        # `\'` and the like: the backslash is dropped, and the rest read as it stands.
        return desk.drop(1)
    if desk.put(rest[:2] if meant != "/" else b"/", *escaped(meant)):
        return 2
    return None


def _unicode_escape(desk: Desk, rest: bytes, final: bool) -> int | None:
    size, code = _code_unit(rest, final)
    if size == WAIT:
        return WAIT
    if 0xD800 <= code < 0xDC00:
        low_size, low = _low_half(rest[size:], final)
        if low_size == WAIT and low == WAIT:
            return WAIT
        if low_size:
            size += low_size
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
    # A lone half of a pair is no character; strict parsers refuse it.
    character = "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    return size if desk.put(*escaped(character)) else None


def _code_unit(rest: bytes, final: bool) -> tuple[int, int]:
    r"""Read `\uXXXX`; broken hex counts as U+FFFD."""
    found = _HEX.match(rest, 2)
    digits = found[0] if found else b""
    if len(digits) < 4:
        whole = 2 + len(digits) == len(rest)
        return (WAIT, WAIT) if whole and not final else (2 + len(digits), 0xFFFD)
    return 6, int(digits, 16)


def _low_half(rest: bytes, final: bool) -> tuple[int, int]:
    """Read the second half of a pair: its size and code, `(WAIT, WAIT)`, or size 0 with code 1."""
    if rest[:2] != b"\\u"[: len(rest)]:
        return 0, 1
    if len(rest) < 2:
        return (0, 1) if final else (WAIT, WAIT)
    size, code = _code_unit(rest, final)
    if size == WAIT:
        return WAIT, WAIT
    return (size, code) if 0xDC00 <= code < 0xE000 else (0, 1)

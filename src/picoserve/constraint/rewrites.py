"""Small mistakes that are put right at the first illegal byte, without another call.

Each rule looks at the bytes from the illegal one on and returns how many of them it has dealt
with, `WAIT` when it needs the next byte, or None when it does not apply. No rule takes back a
byte that was shown.
"""

import re
from collections.abc import Callable
from typing import Final

from picoserve.constraint import lexical
from picoserve.constraint.desk import WAIT, Desk

_WORD: Final = re.compile(rb"[A-Za-z0-9_$.+-]+")
_LONGEST_WORD: Final = 64
_LITERALS: Final = {
    b"true": b"true",
    b"false": b"false",
    b"none": b"null",
    b"null": b"null",
    b"nil": b"null",
    b"undefined": b"null",
    b"nan": b"null",
    b"yes": b"true",
    b"no": b"false",
}
_SHORT_ESCAPES: Final = {"\n": b"\\n", "\r": b"\\r", "\t": b"\\t", "\b": b"\\b", "\f": b"\\f"}
_SIMPLE: Final = {
    b"n": "\n", b"r": "\r", b"t": "\t", b"b": "\b", b"f": "\f", b'"': '"', b"\\": "\\", b"/": "/",
}  # fmt: skip
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{0,4}")
_NOT_NEWLINE: Final = re.compile(rb"[^\n]*")
_ANYTHING: Final = re.compile(rb"(?s).*")
_FRACTION: Final = re.compile(rb"\.?[0-9]*")
_LETTERS: Final = re.compile(rb"[A-Za-z]*")

Rule = Callable[[Desk, bytes, bool], "int | None"]


def rewrite(desk: Desk, rest: bytes, *, final: bool) -> int | None:
    """Try the rules that fit the place.

    Args:
        desk: The matcher and what is under way.
        rest: The bytes from the illegal one on; at least one.
        final: Nothing more will come.

    Returns:
        The number of bytes dealt with, `WAIT`, or None for a violation.
    """
    if not desk.matcher.is_json:
        return _plain_text(desk, rest)
    rules = _IN_STRING if desk.matcher.in_string else _OUTSIDE
    if not desk.matcher.in_string and desk.matcher.is_accepting:
        return None
    for rule in rules:
        done = rule(desk, rest, final)
        if done is not None:
            return done
    return None


def offers(desk: Desk, word: bytes) -> tuple[bytes, ...]:
    """Return the legal JSON values that a bare word may stand for, best first."""
    literal = _LITERALS.get(word.lower())
    wishes = [word.lower(), b'"' + word + b'"', b'"' + word.lower() + b'"']
    if literal:
        wishes.insert(0, literal)
    return tuple(wish for wish in wishes if desk.matcher.accepts(wish))


def escaped(character: str) -> tuple[bytes, ...]:
    """Write a character as it may stand in a JSON string, best first."""
    if character in '"\\':
        return (b"\\" + character.encode(),)
    if character in _SHORT_ESCAPES:
        return (_SHORT_ESCAPES[character], b" ")
    if character < " ":
        return (f"\\u{ord(character):04x}".encode(), b" ")
    return (character.encode(errors="replace"),)


def _plain_text(desk: Desk, rest: bytes) -> int | None:
    """Outside JSON only blanks at the start are dropped, and the case of letters is met."""
    if not desk.matcher.text and rest[:1] in (b" ", b"\n", b"\t", b"\r"):
        return desk.drop(1)
    swapped = rest[:1].swapcase()
    return 1 if swapped != rest[:1] and desk.put(swapped) else None


def _escape(desk: Desk, rest: bytes, final: bool) -> int | None:
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


def _single_quoted(desk: Desk, rest: bytes, final: bool) -> int | None:
    """In a string opened by `'`: an apostrophe before a letter belongs to the text."""
    if not desk.single_quoted or rest[:1] not in (b"'", b'"'):
        return None
    if rest[:1] == b'"' and desk.put(b'\\"'):
        return 1
    if len(rest) == 1 and not final:
        return WAIT
    if rest[:1] == b"'" and rest[1:2].isalnum() and desk.put(b"'"):
        return 1
    if desk.put(b'"'):
        desk.single_quoted = False
        return 1
    return None


def _control(desk: Desk, rest: bytes, _final: bool) -> int | None:
    if rest[0] == 0x7F:
        return desk.drop(1)
    if rest[0] >= 0x20:
        return None
    return 1 if desk.put(*escaped(chr(rest[0]))) else desk.drop(1)


def _broken_character(desk: Desk, rest: bytes, _final: bool) -> int | None:
    """Drop the beginning of a character that does not go on, or bytes that cannot begin one."""
    partial = lexical.partial_character(desk.matcher.text)
    if partial:
        desk.matcher.rollback(partial)
        if desk.drop(partial) is None:
            return None
        return 1 if desk.matcher.feed(rest[:1]) else rewrite(desk, rest, final=_final)
    impossible = 0x80 <= rest[0] < 0xC2 or rest[0] > 0xF4
    return desk.drop(1) if impossible else None


def _other_case(desk: Desk, rest: bytes, _final: bool) -> int | None:
    swapped = rest[:1].swapcase()
    return 1 if swapped != rest[:1] and desk.put(swapped) else None


def _blank(desk: Desk, rest: bytes, _final: bool) -> int | None:
    return desk.drop(1) if rest[0] in lexical.WHITESPACE else None


def _comment(desk: Desk, rest: bytes, final: bool) -> int | None:
    if rest[:1] == b"#":
        desk.start_skip(_NOT_NEWLINE)
        return 1
    if rest[:1] != b"/":
        return None
    if len(rest) == 1 and not final:
        return WAIT
    if rest[1:2] == b"/":
        desk.start_skip(_NOT_NEWLINE)
        return 2
    if rest[1:2] == b"*":
        desk.start_skip(_ANYTHING, b"*/")
        return 2
    return None


def _closer_after_comma(desk: Desk, rest: bytes, _final: bool) -> int | None:
    if rest[:1] not in (b"}", b"]"):
        return None
    held = desk.matcher.held_bytes()
    tail = bytes(desk.matcher.text[len(desk.matcher.text) - held :])
    if not tail.startswith(b","):
        return None
    desk.matcher.rollback(held)
    if desk.put(rest[:1]):
        return 1
    desk.matcher.feed(tail)
    return None


def _needless_comma(desk: Desk, rest: bytes, final: bool) -> int | None:
    """Drop a second comma, a first one, and one before a bracket that must close."""
    if rest[:1] != b",":
        return None
    if bytes(desk.matcher.text).rstrip(lexical.WHITESPACE)[-1:] in (b",", b"[", b"{"):
        return desk.drop(1)
    after = rest[1 : desk.surplus_limit].lstrip(lexical.WHITESPACE)
    if not after and not final and len(rest) < desk.surplus_limit:
        return WAIT
    return desk.drop(1) if after[:1] in (b"}", b"]") else None


def _quote(desk: Desk, rest: bytes, _final: bool) -> int | None:
    if rest[:1] == b"'" and desk.put(b'"'):
        desk.single_quoted = True
        return 1
    if rest[:1] not in (b'"', b"'"):
        return None
    if desk.quote_dropped:
        desk.quote_dropped = False
        return desk.drop(1)
    return None


def _quoted_number(desk: Desk, rest: bytes, _final: bool) -> int | None:
    """A number or literal in quotes where a string is illegal: the quotes are dropped."""
    if rest[:1] not in (b'"', b"'") or not set(desk.matcher.legal()) & set(b"0123456789tfn-"):
        return None
    if desk.matcher.text[-1:].isalnum():
        return None
    desk.quote_dropped = True
    return desk.drop(1)


def _missing_separator(desk: Desk, rest: bytes, _final: bool) -> int | None:
    """Put in the comma or colon between two tokens."""
    first, last = rest[:1], desk.matcher.text[-1:]
    if not (first in b'"{[-' or first.isalnum()) or (first.isalnum() and last.isalnum()):
        return None
    if first not in b'"{[' and last in b"+-.":
        return None
    return 1 if desk.put(b"," + first, b":" + first) else None


def _fraction(desk: Desk, rest: bytes, _final: bool) -> int | None:
    """An integer written with decimals: they are dropped."""
    if rest[:1] != b"." or not desk.matcher.text[-1:].isdigit():
        return None
    desk.start_skip(_FRACTION)
    return 1


def _literal_rest(desk: Desk, rest: bytes, _final: bool) -> int | None:
    """Inside `true`, `false` or `null` only one way leads on, whatever the word was to be."""
    if not rest[:1].isalpha() or not desk.matcher.text[-1:].isalpha():
        return None
    forced = desk.matcher.forced_step()
    if not forced.isalpha() or not desk.put(forced):
        return None
    desk.start_skip(_LETTERS)
    return 1


def _bare_word(desk: Desk, rest: bytes, final: bool) -> int | None:
    found = _WORD.match(rest)
    if not found or desk.matcher.text[-1:].isalnum():
        return None
    word = found[0]
    if len(word) == len(rest) and not final and len(word) < _LONGEST_WORD:
        return WAIT
    if len(word) >= _LONGEST_WORD:
        return None
    return len(word) if desk.put(*offers(desk, word)) else None


_IN_STRING: Final[tuple[Rule, ...]] = (
    _escape,
    _single_quoted,
    _control,
    _broken_character,
    _other_case,
)
_OUTSIDE: Final[tuple[Rule, ...]] = (
    _blank,
    _comment,
    _closer_after_comma,
    _needless_comma,
    _quote,
    _missing_separator,
    _quoted_number,
    _fraction,
    _literal_rest,
    _bare_word,
)

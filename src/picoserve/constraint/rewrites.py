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
from picoserve.constraint.escapes import escaped, read_escape

_WORD: Final = re.compile(rb"[A-Za-z0-9_$.+-]{1,64}")
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
    word = word.rstrip(b".")
    literal = _LITERALS.get(word.lower())
    wishes = [word.lower(), b'"' + word + b'"', b'"' + word.lower() + b'"']
    if literal:
        wishes.insert(0, literal)
    return tuple(wish for wish in wishes if desk.matcher.accepts(wish))


def _plain_text(desk: Desk, rest: bytes) -> int | None:
    """Outside JSON only blanks at the start are dropped, and the case of letters is met."""
    if not desk.matcher.text and rest[:1] in (b" ", b"\n", b"\t", b"\r"):
        return desk.drop(1)
    swapped = rest[:1].swapcase()
    return 1 if swapped != rest[:1] and desk.put(swapped) else None


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
    probe = desk.matcher.copy()
    probe.rollback(held)
    if not probe.feed(rest[:1]):
        return None
    desk.matcher.rollback(held)
    return 1 if desk.put(rest[:1]) else None


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
    read_escape,
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

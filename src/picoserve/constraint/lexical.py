"""Where a byte stands in JSON text, and the bounds that the grammar itself does not set.

JSON's strings are recognised from the bytes alone, so this needs no grammar. Each byte has a
place: outside strings, inside one, or right after a backslash.
"""

import re
from typing import Final, TypeAlias

Bytes: TypeAlias = bytes | bytearray

OUTSIDE: Final = 0
STRING: Final = 1
ESCAPE: Final = 2

DIGITS: Final = 24
EXPONENT_DIGITS: Final = 2
BLANKS: Final = 64
DEPTH: Final = 48
PERIOD: Final = 16
PERIOD_WINDOW: Final = 160
PERIOD_STRIDE: Final = 64

WHITESPACE: Final = b" \t\n\r"
_TURNS: Final = {OUTSIDE: re.compile(rb'"'), STRING: re.compile(rb'["\\]')}
_LOOKBACK: Final = BLANKS
_DIGIT: Final = re.compile(rb"[0-9]")
_NUMBER: Final = re.compile(
    rb"[0-9]{%d}([0-9])|[eE][+-]?[0-9]{%d}([0-9])" % (DIGITS, EXPONENT_DIGITS)
)
_NUMBER_FULL: Final = re.compile(rb"(?:[0-9]{%d}|[eE][+-]?[0-9]{%d})\Z" % (DIGITS, EXPONENT_DIGITS))
_FLOOD: Final = re.compile(rb" {%d}( )" % BLANKS)
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_PARTIAL: Final = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
_PARTIAL_ESCAPE: Final = re.compile(rb"(?<!\\)(?:\\\\)*(\\u[0-9a-fA-F]{0,3})\Z")


def places(data: bytes, place: int) -> bytes:
    """Give each byte the place in which it leaves the text.

    Args:
        data: The bytes.
        place: The place before them.

    Returns:
        One place for each byte: a string's opening quote is STRING, its closing quote OUTSIDE.
    """
    result = bytearray()
    at = 0
    while at < len(data):
        if place == ESCAPE:
            place = STRING
            result.append(STRING)
            at += 1
            continue
        turn = _TURNS[place].search(data, at)
        end = turn.start() if turn else len(data)
        result += bytes([place]) * (end - at)
        if turn:
            place = _after_turn(data[end], place)
            result.append(place)
        at = end + 1
    return bytes(result)


def _after_turn(byte: int, place: int) -> int:
    if byte == ord("\\"):
        return ESCAPE
    return STRING if place == OUTSIDE else OUTSIDE


def depth_change(data: Bytes, where: Bytes) -> int:
    """Count brackets outside strings, opening ones as +1 and closing ones as -1."""
    change = 0
    for found in _BRACKETS.finditer(data):
        if where[found.start()] == OUTSIDE:
            change += 1 if found[0] in b"[{" else -1
    return change


def first_excess(text: Bytes, text_places: Bytes, data: bytes, data_places: bytes) -> int:
    """Find the first new byte that breaks a bound on digits, exponents or blank floods.

    Args:
        text: The bytes taken so far (only the last ones matter).
        text_places: Their places.
        data: The new bytes.
        data_places: Their places.

    Returns:
        Its index in `data`, or `len(data)` when all bounds hold.
    """
    digits = _DIGIT.search(data)
    # Two blanks in a row at least, so that most pieces pay for no search.
    blanks = b"  " in data or (data[:1] == b" " and text[-1:] == b" ")
    if not digits and not blanks:
        return len(data)
    back = min(_LOOKBACK, len(text))
    window = text[len(text) - back :] + data
    where = text_places[len(text) - back :] + data_places
    first = len(window)
    for pattern, place in ((_NUMBER, OUTSIDE), (_FLOOD, STRING)):
        for found in pattern.finditer(window):
            index = found.end() - 1
            if where[index] == place and index >= back:
                first = min(first, index)
                break
    return first - back


def at_bound(text: Bytes, place: int) -> bytes:
    """Return the bytes that a bound forbids after this text (empty when none does)."""
    tail = text[-_LOOKBACK:]
    if place == STRING:
        return b" " if tail.endswith(b" " * BLANKS) else b""
    return b"0123456789" if place == OUTSIDE and _NUMBER_FULL.search(tail) else b""


def is_periodic(tail: Bytes) -> bool:
    """Tell whether the last bytes repeat with a short period (a model in a rut)."""
    if len(tail) < PERIOD_WINDOW:
        return False
    window = tail[-PERIOD_WINDOW:]
    return any(window[step:] == window[:-step] for step in range(1, PERIOD + 1))


def held_bytes(text: Bytes, place: int) -> int:
    """Count the last bytes that may still be taken back.

    These are a comma with its blanks (the model may close right after), blanks in a string (the
    next token usually brings its own), a backslash without its letter, part of a character.

    Returns:
        The number of bytes at the end of `text`, at most 100 or so.
    """
    tail = bytes(text[-2 * _LOOKBACK :])
    if place == OUTSIDE:
        return len(tail) - len(tail.rstrip(WHITESPACE).removesuffix(b","))
    if place == ESCAPE:
        return len(tail) - len(tail[:-1].rstrip(b" "))
    whole = len(tail) - partial_character(tail)
    escape = _PARTIAL_ESCAPE.search(tail) if b"\\u" in tail[-5:] else None
    if escape:
        whole = escape.start(1)
    return len(tail) - len(tail[:whole].rstrip(b" "))


def open_key_bytes(text: Bytes, text_places: Bytes) -> int:
    """Count the bytes of an open key at the end, from the comma before it on; 0 if there is none.

    Args:
        text: The bytes taken so far.
        text_places: Their places.
    """
    if text_places[-1:] in (b"", bytes([OUTSIDE])):
        return 0
    quote = text_places.rfind(OUTSIDE) + 1
    before = quote - 1
    while before >= 0 and text[before] in WHITESPACE:
        before -= 1
    if text[before : before + 1] == b"{":
        return len(text) - quote
    is_key = text[before : before + 1] == b"," and _in_object(text, text_places, before)
    return len(text) - before if is_key else 0


def _in_object(text: Bytes, text_places: Bytes, comma: int) -> bool:
    """Whether a comma stands in an object: what is before it has a key."""
    depth, at = 0, comma
    while (at := text_places.rfind(OUTSIDE, 0, at)) >= 0:
        byte = text[at]
        if depth == 0 and byte in b":,{[":
            return byte == ord(":")
        depth += (byte in b"}]") - (byte in b"{[")
    return False


def partial_character(text: Bytes) -> int:
    """Count the bytes at the end that begin a UTF-8 character without ending it."""
    found = _PARTIAL.search(bytes(text[-4:])) if text[-1:] >= b"\x80" else None
    return len(found[0]) if found else 0

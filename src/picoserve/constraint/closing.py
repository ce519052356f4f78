"""The shortest legal end of a document.

First a greedy walk that prefers closing bytes and short values; where it runs astray, a search
by cost over one byte of each kind. Both have limits on bytes, nodes and time.
"""

import heapq
import itertools
import time
from typing import Final

from picoserve.constraint.matcher import Matcher

_NODES: Final = 4000
_STALL: Final = 4096
_FEW: Final = 12
# Containers come last: a recursive schema would never end if they came first.
_OUTSIDE: Final = b'}]":,0123456789ntf-.eE+[{ \n\t\r'
_IN_NUMBER: Final = b"}],1234567890.-eE+"
_LOWER: Final = b"abcdefghijklmnopqrstuvwxyz"
_KINDS: Final = (_LOWER, b"0123456789", _LOWER.upper())
_STRING_HEAD: Final = b'"' + b"".join(_KINDS) + b"-_.:/@ "
_STRING: Final = _STRING_HEAD + bytes(byte for byte in range(256) if byte not in _STRING_HEAD)


def shortest_end(
    matcher: Matcher, samples: tuple[bytes, ...], *, limit: int, seconds: float
) -> bytes | None:
    """Find bytes that end the text legally.

    Args:
        matcher: The text so far; it is left as it is.
        samples: Strings that meet the schema's patterns and formats.
        limit: Longest end in bytes.
        seconds: Time to search.

    Returns:
        The end, empty when the text may end here, or None when none is found.
    """
    deadline = time.monotonic() + seconds
    end = _greedy(matcher.copy(), samples, limit, deadline)
    return end if end is not None else _search(matcher, samples, limit, deadline)


def _greedy(
    probe: Matcher, samples: tuple[bytes, ...], limit: int, deadline: float
) -> bytes | None:
    start = len(probe.text)
    stalled = 0
    while not probe.is_accepting:
        step = _best_step(probe, samples)
        if not step or probe.feed(step, bounded=False) < len(step):
            return None
        stalled = stalled + len(step) if probe.in_string else 0
        if len(probe.text) - start > limit or stalled > _STALL or time.monotonic() > deadline:
            return None
    return bytes(probe.text[start:])


def _best_step(probe: Matcher, samples: tuple[bytes, ...]) -> bytes:
    forced = probe.forced_step()
    if forced:
        return forced
    legal = probe.legal()
    if probe.in_string and b'"' not in legal:
        rest = _sample_rest(probe, samples, legal)
        if rest:
            return rest
    step = _ranked(probe, legal)[:1]
    return b" " + step if probe.wants_blank(legal) and step.strip() else step


def _sample_rest(probe: Matcher, samples: tuple[bytes, ...], legal: bytes) -> bytes:
    for sample in samples:
        for start in range(len(sample)):
            rest = sample[start:] + b'"'
            if rest[:1] in legal and probe.accepts(rest):
                return rest
    return b""


def _ranked(probe: Matcher, legal: bytes) -> bytes:
    """Order the legal bytes by how soon they are likely to end the document."""
    if probe.in_string or not probe.is_json:
        order = _STRING
    elif probe.text[-1:].isdigit() or probe.text[-1:] in (b".", b"-", b"+", b"e", b"E"):
        order = _IN_NUMBER
    else:
        order = _OUTSIDE
    return bytes(byte for byte in order if byte in legal) or legal


def _search(
    matcher: Matcher, samples: tuple[bytes, ...], limit: int, deadline: float
) -> bytes | None:
    start = len(matcher.text)
    serial = itertools.count()
    queue: list[tuple[int, int, Matcher]] = [(0, next(serial), matcher.copy())]
    for _ in range(_NODES):
        if not queue or time.monotonic() > deadline:
            return None
        cost, _, probe = heapq.heappop(queue)
        if probe.is_accepting:
            return bytes(probe.text[start:])
        if len(probe.text) - start > limit:
            continue
        for rank, step in enumerate(_steps(probe, samples)):
            twin = probe.copy()
            if twin.feed(step, bounded=False) == len(step):
                heapq.heappush(queue, (cost + 1 + 2 * rank, next(serial), twin))
    return None


def _steps(probe: Matcher, samples: tuple[bytes, ...]) -> list[bytes]:
    forced = probe.forced_step()
    if forced:
        return [forced]
    legal = probe.legal()
    ranked = _ranked(probe, legal)
    steps = [bytes([byte]) for byte in (ranked if len(ranked) <= _FEW else _one_of_each(ranked))]
    if probe.in_string and b'"' not in legal:
        rest = _sample_rest(probe, samples, legal)
        return [rest, *steps] if rest else steps
    return steps


def _one_of_each(ranked: bytes) -> bytes:
    """Keep one byte of each kind of character, and all the punctuation of ASCII."""
    chosen = bytearray()
    seen: set[int] = set()
    for byte in ranked:
        kind = next((index for index, kind in enumerate(_KINDS) if byte in kind), None)
        if kind is None:
            kind = 1000 + byte if byte < 0x80 else 2000
        if kind not in seen:
            seen.add(kind)
            chosen.append(byte)
    return bytes(chosen)

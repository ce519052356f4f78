"""The shortest legal end of a document.

A greedy walk prefers closing bytes and short values, and ends strings one by one. Where it runs
astray, a search by cost tries one byte of each kind. All have limits on bytes, nodes and time.
"""

import heapq
import itertools
import re
import time
from collections.abc import Callable
from typing import Final

from picoserve.constraint import lexical
from picoserve.constraint.matcher import Matcher

Goal = Callable[[Matcher], bool]
_NUMBER_REST: Final = re.compile(rb"[0-9.eE+-]*[^0-9.eE+-]?")
_NODES: Final = 1600
_SHORT_WALK: Final = 512
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
        seconds: Time to search, of this thread's own: what a machine does beside it must not
            decide what is found.

    Returns:
        The end, empty when the text may end here, or None when none is found.
    """
    return _Closing(matcher, samples, limit, time.thread_time() + seconds).run()


def first_token(matcher: Matcher, end: bytes) -> bytes:
    """Cut an end after its first token, a string's or number's rest counting as one."""
    where = lexical.places(end, matcher.place)
    if matcher.is_json and matcher.in_string and lexical.OUTSIDE in where:
        return end[: where.index(lexical.OUTSIDE) + 1]
    number = _NUMBER_REST.match(end) if matcher.text[-1:].isdigit() else None
    blanks = len(end) - len(end.lstrip())
    return end[: max(number.end() if number else 0, blanks + 1)]


def undo_comma(matcher: Matcher) -> None:
    """Give back a last comma, which nobody has seen, where the container may end instead."""
    held = matcher.held_bytes()
    tail = bytes(matcher.text[len(matcher.text) - held :])
    if matcher.in_string or not matcher.is_json or not tail.startswith(b","):
        return
    probe = matcher.copy()
    probe.rollback(held)
    if set(probe.legal()) & set(b"}]"):
        matcher.rollback(held)


def undo_key(matcher: Matcher) -> bool:
    """Give back an open key, which nobody has seen, that could only end as a made-up one.

    Such is a key that the schema lists, after one that it does not: listed ones come first.

    Returns:
        Whether there was one.
    """
    size = matcher.open_key_bytes()
    legal = matcher.legal() if size else b""
    undone = b'"' not in legal and all(byte in legal for byte in _LOWER)
    if undone:
        matcher.rollback(size)
    return undone


class _Closing:
    def __init__(
        self, matcher: Matcher, samples: tuple[bytes, ...], limit: int, deadline: float
    ) -> None:
        self._matcher = matcher
        self._samples = samples
        self._end = len(matcher.text) + limit
        self._deadline = deadline

    def run(self) -> bytes | None:
        probe = self._matcher.copy()
        if not self._walk(probe, _is_accepting):
            found = self._search(self._matcher, _is_accepting, _NODES)
            if found is None:
                return None
            probe = found
        if len(probe.text) > self._end:
            return None
        return bytes(probe.text[len(self._matcher.text) :])

    def _walk(self, probe: Matcher, goal: Goal) -> bool:
        """Go on greedily until the goal, string by string."""
        while not goal(probe):
            if self._is_spent(probe):
                return False
            step = probe.forced_step()
            if not step and probe.is_json and probe.in_string:
                found = self._string_end(probe)
                if found is None:
                    return False
                step = bytes(found.text[len(probe.text) :])
            if not step:
                legal = probe.legal()
                step = _ranked(probe, legal)[:1]
                step = b" " + step if probe.wants_blank(legal) and step.strip() else step
            if not step or probe.feed(step, bounded=False) < len(step):
                return False
        return True

    def _string_end(self, matcher: Matcher) -> Matcher | None:
        """End the open string: at once, by a sample, by a short walk, or by searching."""
        legal = matcher.legal()
        rest = b'"' if b'"' in legal else _sample_rest(matcher, self._samples, legal)
        if rest:
            probe = matcher.copy()
            return probe if probe.feed(rest, bounded=False) == len(rest) else None
        probe = matcher.copy()
        if self._walk_string(probe, _SHORT_WALK):
            return probe
        found = self._search(matcher, _is_outside, _NODES // 4)
        if found is not None:
            return found
        return probe if self._walk_string(probe, self._end - len(probe.text)) else None

    def _walk_string(self, probe: Matcher, steps: int) -> bool:
        for _ in range(steps):
            step = probe.forced_step() or _ranked(probe, probe.legal())[:1]
            if self._is_spent(probe) or not step or probe.feed(step, bounded=False) < len(step):
                return False
            if not probe.in_string:
                return True
        return False

    def _search(self, matcher: Matcher, goal: Goal, nodes: int) -> Matcher | None:
        serial = itertools.count()
        queue: list[tuple[int, int, Matcher]] = [(0, next(serial), matcher.copy())]
        for _ in range(nodes):
            if not queue:
                return None
            cost, _, probe = heapq.heappop(queue)
            if goal(probe):
                return probe
            if self._is_spent(probe):
                continue
            for rank, step in enumerate(_steps(probe, self._samples)):
                twin = probe.copy()
                if twin.feed(step, bounded=False) == len(step):
                    heapq.heappush(queue, (cost + 1 + 2 * rank, next(serial), twin))
        return None

    def _is_spent(self, probe: Matcher) -> bool:
        return len(probe.text) > self._end or time.thread_time() > self._deadline


def _is_accepting(probe: Matcher) -> bool:
    return probe.is_accepting


def _is_outside(probe: Matcher) -> bool:
    return not probe.in_string


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
    elif probe.text[-1:].isdigit() or (probe.text[-1:].strip(b"-+.eE") == b"" and probe.text):
        order = _IN_NUMBER
    else:
        order = _OUTSIDE
    return bytes(byte for byte in order if byte in legal) or legal


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

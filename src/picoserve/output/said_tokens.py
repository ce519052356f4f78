"""The tokens of what a model says, without those of its thoughts."""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from picoserve.generation import TokenLogprob
from picoserve.output.portions import Portion, Voice
from picoserve.output.text import cut_token


class SaidTokens:
    """Leads tokens to the portions they belong to; either may come first.

    A token of which only parts are said is cut to each of them. What the server adds is a token
    of its own, and certain.
    """

    def __init__(self) -> None:
        self._waiting: deque[TokenLogprob] = deque()
        self._token_start = 0
        self._known = 0
        self._said: list[tuple[int, int]] = []
        self._added: deque[tuple[int, TokenLogprob]] = deque()

    def take(
        self, portions: Iterable[Portion], tokens: Sequence[TokenLogprob]
    ) -> tuple[TokenLogprob, ...]:
        """Note portions and tokens, each in order; returns the tokens that are said for certain."""
        for portion in portions:
            if portion.voice is Voice.ADDED:
                self._added.append((self._known, TokenLogprob(portion.data, 0.0)))
            else:
                self._note(portion.voice, len(portion.data))
        self._waiting.extend(tokens)
        taken: list[TokenLogprob] = []
        while self._waiting:
            start = self._token_start
            end = start + len(self._waiting[0].token)
            if end > self._known:
                break
            self._token_start = end
            taken += self._said_of(self._waiting.popleft(), start, end)
        return tuple(taken)

    def say_the_rest(self) -> None:
        """No thought can follow: portions need not be noted any more."""
        self._note(Voice.SAID, sys.maxsize)

    def _note(self, voice: Voice, size: int) -> None:
        start, self._known = self._known, self._known + size
        if voice is not Voice.SAID:
            return
        if self._said and self._said[-1][1] == start:
            start, _ = self._said.pop()
        self._said.append((start, self._known))

    def _said_of(self, token: TokenLogprob, start: int, end: int) -> Iterator[TokenLogprob]:
        while self._said and self._said[0][1] <= start:
            del self._said[0]
        for first, last in self._said:
            if first <= start and end <= last:
                yield from self._added_by(first)
                yield token
            elif first < end:
                yield from self._added_by(first)
                yield cut_token(token, max(0, first - start), last - start)
            else:
                break
        yield from self._added_by(end)

    def _added_by(self, position: int) -> Iterator[TokenLogprob]:
        while self._added and self._added[0][0] <= position:
            yield self._added.popleft()[1]

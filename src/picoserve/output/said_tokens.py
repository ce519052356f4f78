"""The tokens of what a model says, without those of its thoughts."""

import sys
from collections import deque
from collections.abc import Iterable, Sequence

from picoserve.generation import TokenLogprob
from picoserve.output.portions import Portion, Voice
from picoserve.output.text import cut_token


class SaidTokens:
    """Leads tokens to the portions they belong to; either may come first.

    A token of which only a part is said is cut to that part.
    """

    def __init__(self) -> None:
        self._waiting: deque[TokenLogprob] = deque()
        self._token_start = 0
        self._known = 0
        self._said: list[tuple[int, int]] = []

    def take(
        self, portions: Iterable[Portion], tokens: Sequence[TokenLogprob]
    ) -> tuple[TokenLogprob, ...]:
        """Note portions and tokens, each in order; returns the tokens that are said for certain."""
        for portion in portions:
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

    def _said_of(self, token: TokenLogprob, start: int, end: int) -> list[TokenLogprob]:
        while self._said and self._said[0][1] <= start:
            del self._said[0]
        first, last = self._said[0] if self._said else (end, end)
        if first <= start and end <= last:
            return [token]
        if end <= first:
            return []
        return [cut_token(token, max(0, first - start), last - start)]

"""Bytes from the engine → text deltas: whole characters, without stop phrases."""

import codecs
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from picoserve.generation import TextDelta, TokenLogprob
from picoserve.output.lead import LeadFilter
from picoserve.output.stop import StopFilter


class TextOutput:
    """Reads one reply.

    A character that is split over pieces waits for its end; half a character at the very end
    of a reply is no text and is dropped.

    Attributes:
        text: Everything shown so far.
    """

    def __init__(self, stop: Iterable[str], *, lead: str = "", logprobs: bool = False) -> None:
        """Begin a reply.

        Args:
            stop: Phrases that end the text.
            lead: Text to drop where the reply begins with it.
            logprobs: Whether token log probabilities are wanted.
        """
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = StopFilter(stop)
        self._lead = LeadFilter(lead)
        self._shown: list[str] = []
        self._tokens: _TokenWindow | None = _TokenWindow() if logprobs else None

    @property
    def stopped(self) -> bool:
        """True once a stop phrase was found."""
        return self._stop.stopped

    @property
    def text(self) -> str:
        """Everything shown so far."""
        return "".join(self._shown)

    @property
    def raw(self) -> str:
        """The same behind the lead, where the reply began with it."""
        return self._lead.dropped.decode() + self.text

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> TextDelta | None:
        """Take a piece; returns what of it can be shown."""
        self.tell(tokens)
        return self._delta(self._stop.feed(self._decoder.decode(self._lead.feed(data))))

    def finish(self, tail: bytes = b"", tokens: Sequence[TokenLogprob] = ()) -> TextDelta | None:
        """The engine has ended; returns what was still held back.

        Args:
            tail: Bytes that came in no piece.
            tokens: All tokens, where the engine tells them only now.
        """
        self.tell(tokens)
        rest = self._lead.feed(tail) + self._lead.finish()
        shown = self._stop.feed(self._decoder.decode(rest))
        return self._delta(shown + self._stop.finish(), last=True)

    def tell(self, tokens: Sequence[TokenLogprob]) -> None:
        """Take tokens ahead of their text or after it, in order."""
        if self._tokens is not None:
            self._tokens.add(tokens)

    def _delta(self, shown: str, *, last: bool = False) -> TextDelta | None:
        if shown:
            self._shown.append(shown)
        tokens = None
        if self._tokens is not None:
            dropped = len(self._lead.dropped)
            tokens = self._tokens.take(len(shown.encode()), dropped=dropped, last=last)
        if not shown and not tokens:
            return None
        return TextDelta(shown, tokens)


class _TokenWindow:
    """Hands out tokens as the text they belong to is shown."""

    def __init__(self) -> None:
        self._waiting: deque[TokenLogprob] = deque()
        self._shown_bytes = 0
        self._token_bytes = 0

    def add(self, tokens: Iterable[TokenLogprob]) -> None:
        self._waiting.extend(tokens)

    def take(self, shown_bytes: int, *, dropped: int, last: bool) -> tuple[TokenLogprob, ...]:
        """Tokens that belong to the text shown by now; at the end also what is shown of one.

        Args:
            shown_bytes: How much is shown since the last time.
            dropped: How much of the reply's beginning is not shown.
            last: No more text comes.
        """
        self._shown_bytes += shown_bytes
        shown_end = dropped + self._shown_bytes
        taken = []
        while self._waiting:
            token, start = self._waiting[0], self._token_bytes
            end = start + len(token.token)
            if end > shown_end and (not last or max(start, dropped) >= shown_end):
                break
            self._token_bytes = end
            self._waiting.popleft()
            if start >= dropped and end <= shown_end:
                taken.append(token)
            elif end > dropped:
                taken.append(cut_token(token, max(0, dropped - start), shown_end - start))
        return tuple(taken)


def cut_token(token: TokenLogprob, start: int, end: int) -> TokenLogprob:
    """What is shown of a token; its alternatives lose the same beginning where they have it."""
    unseen = token.token[:start]
    top = tuple(
        replace(choice, token=choice.token.removeprefix(unseen) or choice.token)
        for choice in token.top
    )
    return replace(token, token=token.token[start:end], top=top)

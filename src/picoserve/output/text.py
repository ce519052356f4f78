"""Bytes from the engine → text deltas: whole characters, without stop phrases."""

import codecs
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from picoserve.generation import TextDelta, TokenLogprob
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
        self._lead = lead
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

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> TextDelta | None:
        """Take a piece; returns what of it can be shown."""
        self.tell(tokens)
        return self._delta(self._stop.feed(self._without_lead(self._decoder.decode(data))))

    def finish(self, tail: bytes = b"", tokens: Sequence[TokenLogprob] = ()) -> TextDelta | None:
        """The engine has ended; returns what was still held back.

        Args:
            tail: Bytes that came in no piece.
            tokens: All tokens, where the engine tells them only now.
        """
        self.tell(tokens)
        shown = self._stop.feed(self._without_lead(self._decoder.decode(tail)))
        return self._delta(shown + self._stop.finish(), last=True)

    def tell(self, tokens: Sequence[TokenLogprob]) -> None:
        """Take tokens ahead of their text or after it, in order."""
        if self._tokens is not None:
            self._tokens.add(tokens)

    def _without_lead(self, text: str) -> str:
        if self._lead and text:
            lead, self._lead = self._lead, ""
            text = text.removeprefix(lead)
        return text

    def _delta(self, shown: str, *, last: bool = False) -> TextDelta | None:
        if shown:
            self._shown.append(shown)
        tokens = None
        if self._tokens is not None:
            tokens = self._tokens.take(len(shown.encode()), last=last)
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

    def take(self, shown_bytes: int, *, last: bool) -> tuple[TokenLogprob, ...]:
        """Tokens that belong to the text shown by now; at the end also what is shown of one."""
        self._shown_bytes += shown_bytes
        taken = []
        while self._waiting:
            token = self._waiting[0]
            end = self._token_bytes + len(token.token)
            if end > self._shown_bytes:
                if not last or self._token_bytes >= self._shown_bytes:
                    break
                token = replace(token, token=token.token[: self._shown_bytes - self._token_bytes])
            self._token_bytes = end
            self._waiting.popleft()
            taken.append(token)
        return tuple(taken)

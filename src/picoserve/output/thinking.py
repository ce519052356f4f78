"""A reply behind thoughts: the stage between an engine and the reader of what it says.

    pieces ──► ThoughtSplitter ──said──► Reply ──► events
                      └────thoughts───────────────► ThoughtDelta

The reader never sees a thought: no tool call, no document and no stop phrase is found in one.
"""

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import replace

from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    ThoughtDelta,
    TokenLogprob,
)
from picoserve.output.portions import Portion, Voice
from picoserve.output.reply import Reply, ReplyState, Tally
from picoserve.output.said_tokens import SaidTokens
from picoserve.output.stop import StopFilter
from picoserve.output.thoughts import ThoughtSplitter


class ThinkingReply:
    """Sends thoughts as such, and what is said to the reply's reader."""

    def __init__(self, reply: Reply, splitter: ThoughtSplitter, stop: Iterable[str]) -> None:
        """Begin a reply.

        Args:
            reply: Reads what is said.
            splitter: Tells it from the thoughts.
            stop: The template's own end marks; one in a thought ends the reply.
        """
        self._reply = reply
        self._splitter = splitter
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = StopFilter(stop)
        self._tokens = SaidTokens()
        self._is_first_call = True
        self._is_over = False

    @property
    def tally(self) -> Tally:
        """What the reply took so far."""
        return self._reply.tally

    @property
    def state(self) -> ReplyState:
        """What is wanted now: an end mark in a thought ends the call."""
        if self._is_first_call and self._stop.stopped and self._reply.state is ReplyState.GOING:
            return ReplyState.ENOUGH
        return self._reply.state

    @property
    def prefix(self) -> str:
        """Thoughts and reply so far."""
        return self._splitter.raw(self._reply.prefix)

    @property
    def finish_reason(self) -> FinishReason:
        """Why the reply ended; `length` also where a limit cut a thought."""
        return self._reply.finish_reason

    def start(self) -> list[Event]:
        """What the reply begins with."""
        return self._reply.start()

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        if not self._is_first_call or (self._is_over and not tokens):
            return self._reply.feed(data, tokens)
        if self.state is not ReplyState.GOING:
            return []
        events, said, told = self._split(self._splitter.feed(data), tokens)
        return events + self._reply.feed(said, told) if said or told else events

    def end_call(self, outcome: Outcome) -> list[Event]:
        """The call has ended. One that a limit ends inside a thought leaves nothing to read."""
        if not self._is_first_call:
            return self._reply.end_call(outcome)
        portions = [*self._splitter.feed(outcome.tail), *self._splitter.finish()]
        events, said, told = self._split(portions, outcome.tokens, last=True)
        self._is_first_call = False
        finish = EngineFinish.STOP_PHRASE if self._stop.stopped else outcome.finish
        if finish is EngineFinish.LIMIT and not said and not self._is_over:
            self._reply.cut()
            return events
        rest = replace(outcome, finish=finish, tail=said, tokens=told)
        return events + self._reply.end_call(rest)

    def close(self) -> list[Event]:
        """End the reply without the engine."""
        return self._reply.close()

    def cut(self) -> None:
        """End the reply as it stands."""
        self._reply.cut()

    def _split(
        self, portions: Sequence[Portion], tokens: Sequence[TokenLogprob], *, last: bool = False
    ) -> tuple[list[Event], bytes, tuple[TokenLogprob, ...]]:
        """The thoughts as events, what is said, and its tokens."""
        told = self._tokens.take(() if self._is_over else portions, tokens)
        if self._splitter.is_over and not self._is_over:
            self._is_over = True
            self._tokens.say_the_rest()
            told += self._tokens.take((), ())
        thoughts, said = _bytes_of(Voice.THOUGHT, portions), _bytes_of(Voice.SAID, portions)
        events = self._show(thoughts, last=last or bool(said))
        return (events, b"", ()) if self._stop.stopped else (events, said, told)

    def _show(self, thoughts: bytes, *, last: bool) -> list[Event]:
        if not (thoughts or last):
            return []
        text = self._stop.feed(self._decoder.decode(thoughts))
        if last:
            text += self._stop.finish()
        return [ThoughtDelta(text)] if text else []


def _bytes_of(voice: Voice, portions: Iterable[Portion]) -> bytes:
    return b"".join(portion.data for portion in portions if portion.voice is voice)

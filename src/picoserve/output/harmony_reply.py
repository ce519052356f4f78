"""A reply in harmony, as the readers of replies know it.

They are told what is said on `final` and ahead of calls as text, and a call in the style that
their plan asks for; what they want to be continued goes back into harmony.
"""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from picoserve.constraint.plan import DocumentPlan, ReplyPlan, ToolPlan
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    ThoughtDelta,
    TokenLogprob,
)
from picoserve.output.harmony import END, NAMESPACE, START, HarmonyParser, Kind, Said
from picoserve.output.portions import Portion, Voice
from picoserve.output.reply import Reply, ReplyState, Tally
from picoserve.output.said_tokens import SaidTokens

_FINAL: Final = "<|channel|>final<|message|>"
_ARGUMENTS: Final = "<|channel|>commentary json<|message|>"
_GAP: Final = b"\n\n"


class HarmonyReply:
    """Stands in front of another reader; thoughts pass it by.

    A document begins on `final` and a forced call in its header, without a thought before it.
    """

    def __init__(self, reader: Reply, plan: ReplyPlan) -> None:
        """Begin a reply.

        Args:
            reader: Reads what is no thought.
            plan: What it was made for.
        """
        self._reader = reader
        self._plan = plan if isinstance(plan, ToolPlan) else None
        self._is_document = isinstance(plan, DocumentPlan)
        self._parser = self._new_parser()
        self._thoughts = codecs.getincrementaldecoder("utf-8")("replace")
        self._tokens = SaidTokens()
        self._noted = 0  # of what the parser was fed, for the tokens
        self._begun: str | None = None  # of a function's name, where the server began the call
        self._mark = 0  # how much the reader had when the message under way began
        self._has = {Kind.TEXT: False, Kind.THOUGHT: False}

    @property
    def tally(self) -> Tally:
        """What it took so far."""
        return self._reader.tally

    @property
    def state(self) -> ReplyState:
        """What the reader wants; its call is ENOUGH when harmony's end has come."""
        state = self._reader.state
        is_over = state is ReplyState.GOING and self._parser.is_over
        return ReplyState.ENOUGH if is_over else state

    @property
    def finish_reason(self) -> FinishReason:
        """Why the reply ended."""
        return self._reader.finish_reason

    @property
    def prefix(self) -> str:
        """The reply so far in harmony; calls as templates write those of a conversation."""
        text, call = self._tail()
        if call is not None:
            return self._before_call(text) + call
        if self._parser.kind is Kind.TEXT:
            return self._raw(self._parser.body_start) + text
        if text or self._is_document:
            return self._before_message() + _FINAL + text
        return self._raw()

    def start(self) -> list[Event]:
        """What needs no engine."""
        events = self._reader.start()
        self._seat()
        return events

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        if self.state is not ReplyState.GOING:
            return []
        return self._read(self._parser.feed(data), tokens)

    def end_call(self, outcome: Outcome) -> list[Event]:
        """The call has ended; where the reader wants another one, it goes on from `prefix`."""
        events = self.feed(outcome.tail)
        events += self._read(self._parser.finish(), outcome.tokens)
        if self._begun is not None:
            # The name has no end, but what there is of it may help to repair it.
            begun = self._parser.begun_function.removeprefix(self._begun)
            events += self._reader.feed(begun.encode())
        if outcome.finish is EngineFinish.LIMIT and self._is_silent:
            self._reader.cut()
            return events
        events += self._reader.end_call(replace(outcome, tail=b"", tokens=()))
        self._seat()
        return events

    def close(self) -> list[Event]:
        """End the reply without the engine."""
        return self._reader.close()

    def cut(self) -> None:
        """End the reply as it stands."""
        self._reader.cut()

    @property
    def _is_silent(self) -> bool:
        """Nothing but thoughts has come, and the server has begun nothing."""
        return self._parser.kind in (None, Kind.THOUGHT) and not self._reader.prefix

    def _new_parser(self) -> HarmonyParser:
        return HarmonyParser(has_calls=self._plan is not None)

    def _seat(self) -> None:
        """Another call goes on behind the prefix: begin to read there."""
        if self._reader.state is not ReplyState.GOING:
            return
        prefix = self.prefix.encode()
        text, call = self._tail()
        self._mark += len(text) if call is not None else 0
        self._parser = self._new_parser()
        self._parser.feed(prefix)
        self._begun = None
        if call is not None and self._parser.kind is None:
            self._begun = self._parser.begun_function
        self._tokens, self._noted = SaidTokens(), len(prefix)

    def _read(self, said: Sequence[Said], tokens: Sequence[TokenLogprob]) -> list[Event]:
        events: list[Event] = []
        for part in said:
            told = self._tokens.take(self._portions(part), tokens)
            tokens = ()
            if part.data and part.kind is not Kind.THOUGHT:
                events += self._reader.feed(part.data, told)
                continue
            events += self._reader.feed(b"", told) if told else []
            events += self._think(part.data) if part.data else self._open(part)
        told = self._tokens.take((), tokens)
        return events + (self._reader.feed(b"", told) if told else [])

    def _portions(self, part: Said) -> Iterator[Portion]:
        """What was said with the markup before it, for the tokens."""
        yield Portion(Voice.MARKUP, bytes(self._parser.raw[self._noted : part.start]))
        if not part.data and part.kind is Kind.TEXT and self._has[Kind.TEXT]:
            yield Portion(Voice.ADDED, _GAP)
        voice = Voice.THOUGHT if part.kind is Kind.THOUGHT else Voice.SAID
        yield Portion(voice, part.data)
        self._noted = part.start + len(part.data)

    def _open(self, part: Said) -> list[Event]:
        """A message begins."""
        if part.kind is Kind.CALL:
            return self._open_call(part.function)
        has_earlier, self._has[part.kind] = self._has[part.kind], True
        events: list[Event] = []
        if has_earlier and part.kind is Kind.THOUGHT:
            events = self._think(_GAP)
        elif has_earlier:
            events = self._reader.feed(_GAP)
        self._mark = len(self._reader.prefix)
        return events

    def _open_call(self, function: str) -> list[Event]:
        plan, begun = self._plan, self._begun
        if plan is None:
            return []
        if begun is None:
            self._mark = len(self._reader.prefix)
            head = plan.opening + function
        else:
            head = function.removeprefix(begun)
        self._begun = None
        data = f'{head}", "{plan.arguments_key}":'.encode()
        return self._reader.feed(data)

    def _think(self, data: bytes) -> list[Event]:
        text = self._thoughts.decode(data)
        return [ThoughtDelta(text)] if text else []

    def _tail(self) -> tuple[str, str | None]:
        """What the reader has of the message under way: text, and a call in harmony."""
        tail = self._reader.prefix[self._mark :]
        if self._plan is None:
            return tail, None
        text, opening, call = tail.rpartition(self._plan.opening)
        if not opening:
            return tail, None
        name, quote, rest = call.partition('"')
        header = f" to={NAMESPACE}{name}"
        if not quote:
            return text, header
        return text, header + _ARGUMENTS + rest.partition(":")[2].lstrip()

    def _before_call(self, text: str) -> str:
        parser = self._parser
        if parser.kind is not Kind.TEXT or not text.strip():
            return self._before_message()
        return self._raw(parser.body_start) + text + (END + START).decode()

    def _before_message(self) -> str:
        """All that was said before a message that the server begins."""
        parser = self._parser
        before = self._raw(None if parser.kind is Kind.THOUGHT else parser.header_start)
        if not before:
            return ""
        return before.removesuffix(END.decode()) + (END + START).decode()

    def _raw(self, end: int | None = None) -> str:
        return self._parser.raw[:end].decode(errors="ignore")

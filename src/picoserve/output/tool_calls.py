"""A reply with tool calls, read from the byte stream of a model that knows no call tokens.

    text ──trigger──► header ──name──► arguments ──last brace──► after ──trigger──► header …

Text streams at once; only bytes with which a call could begin are held until it is clear. In
the header and in the arguments every byte is held to a grammar and repaired like any document.
"""

import secrets
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Final

from picoserve.constraint import Document, State
from picoserve.constraint.plan import PlannedFunction, ToolPlan
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
)
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.final_check import check_document
from picoserve.output.reply import ReplyState
from picoserve.output.stop import ByteStopFilter
from picoserve.output.text import TextOutput

_MAX_CALLS: Final = 8
_BETWEEN_CALLS: Final = b" \t\r\n,;]}`"


class _Part(Enum):
    TEXT = auto()
    HEADER = auto()
    ARGUMENTS = auto()
    AFTER = auto()
    CONTENT = auto()
    DONE = auto()


class ToolReply:
    """Free text, or a document, or calls."""

    def __init__(self, plan: ToolPlan, stop: Iterable[str], user_stop: Iterable[str]) -> None:
        """Begin a reply.

        Args:
            stop: The template's own end marks.
            user_stop: The caller's stop phrases; they hold for text, not inside calls.
        """
        self._plan = plan
        self._functions = {function.name: function for function in plan.functions}
        self._end_marks = tuple(stop)
        self._stop = ByteStopFilter(self._end_marks)
        self._text = TextOutput(user_stop)
        self._candidate = CallCandidate(plan.trigger)
        self._part = _Part.TEXT
        self._before = bytearray()  # raw reply up to the document under way
        self._document: Document | None = None
        self._function: PlannedFunction | None = None
        self._calls = 0
        self._speaking = False  # a call of the engine is under way
        self._cut = False

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        if self._part is _Part.DONE:
            return ReplyState.DONE
        broken = self._document is not None and self._document.state is State.VIOLATION
        return ReplyState.ENOUGH if broken or self._stop.stopped else ReplyState.GOING

    @property
    def prefix(self) -> str:
        """The raw reply so far."""
        document = "" if self._document is None else self._document.prefix_for_prompt()
        return self._before.decode("utf-8", errors="ignore") + document

    @property
    def finish_reason(self) -> FinishReason:
        """`tool_calls` as soon as there was one."""
        if self._cut:
            return FinishReason.LENGTH
        return FinishReason.TOOL_CALLS if self._calls else FinishReason.STOP

    def start(self) -> list[Event]:
        """A forced call begins without the model."""
        if not self._plan.forced:
            return []
        self._before += self._plan.opening.encode()
        return self._enter_header()

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:  # noqa: ARG002
        """Read a piece."""
        self._speaking = True
        return self._read(self._stop.feed(data))

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the part under way stands."""
        events: list[Event] = []
        if self.state is ReplyState.GOING:
            events += self._read(self._stop.feed(outcome.tail) + self._stop.finish())
        self._speaking = False
        if self.state is ReplyState.DONE:
            return events
        limited = outcome.finish is EngineFinish.LIMIT and not self._stop.stopped
        self._stop = ByteStopFilter(self._end_marks)
        if self._document is None:
            if self._part is _Part.TEXT:
                events += self._text_end()
                self._cut = limited
            self._part = _Part.DONE
            return events
        if self._document.state is State.GOING and not limited:
            events += self._emitted(self._document.end_of_text().emitted)
        if self._document.state is State.VIOLATION:
            events += self._emitted(self._document.repair().emitted)
        return events + self._advance()

    def close(self) -> list[Event]:
        """End a call without the engine: its context is full."""
        events: list[Event] = []
        while self._document is not None:
            events += self._emitted(self._document.close().emitted)
            events += self._advance()
        self._part = _Part.DONE
        return events

    def _read(self, data: bytes) -> list[Event]:
        """Byte by byte, since a part may end anywhere; text in one go while nothing is held."""
        events: list[Event] = []
        start = 0
        while start < len(data) and self.state is ReplyState.GOING:
            end = start + 1
            if self._part is _Part.TEXT and not self._candidate.is_open:
                end = self._candidate.first_start(data, start) or end
            events += self._take(data[start:end])
            start = end
        return events

    def _take(self, data: bytes) -> list[Event]:
        match self._part:
            case _Part.TEXT:
                return self._take_text(data)
            case _Part.HEADER | _Part.ARGUMENTS | _Part.CONTENT:
                return self._take_document(data)
            case _Part.AFTER:
                return self._take_after(data)
            case _Part.DONE:
                return []

    def _take_text(self, data: bytes) -> list[Event]:
        if self._plan.content is not None and not self._candidate.is_open and data != b"<":
            return [] if data.isspace() else self._enter_content(data)
        plain = self._candidate.feed(data)
        events = self._show_text(plain)
        if self._candidate.is_call:
            events += self._text_end()
            self._before += self._candidate.take()
            events += self._enter_header()
        elif self._text.stopped:
            self._part = _Part.DONE
        return events

    def _show_text(self, data: bytes) -> list[Event]:
        self._before += data
        delta = self._text.feed(data)
        return [] if delta is None else [delta]

    def _text_end(self) -> list[Event]:
        """What was held back as a possible call or stop phrase was text after all."""
        events = [] if self._candidate.is_call else self._show_text(self._candidate.take())
        delta = self._text.finish()
        return events if delta is None else [*events, delta]

    def _enter_content(self, data: bytes) -> list[Event]:
        """The reply is no call, so it must be the document that was asked for."""
        if self._plan.content is None:
            return []
        self._part = _Part.CONTENT
        self._document = Document(self._plan.content)
        return self._take_document(data)

    def _enter_header(self) -> list[Event]:
        self._part = _Part.HEADER
        self._document = Document(self._plan.header)
        self._begin(self._document)
        return self._advance()

    def _begin(self, document: Document) -> bytes:
        """Put in what is forced, unless the model is just about to say it itself."""
        return b"" if self._speaking else document.start().emitted

    def _take_document(self, data: bytes) -> list[Event]:
        document = self._document
        if document is None:
            return []
        if self._part is _Part.ARGUMENTS and data.isspace() and not document.shown():
            return []
        return self._emitted(document.feed(data).emitted) + self._advance()

    def _emitted(self, data: bytes) -> list[Event]:
        """Arguments and content stream as they are certain; of a header nothing is shown."""
        if self._part is _Part.HEADER or not data:
            return []
        if self._part is _Part.CONTENT:
            return [TextDelta(data.decode())]
        return [ToolCallDelta(self._calls, data.decode())]

    def _advance(self) -> list[Event]:
        """Go on to the next part when the document under way is complete."""
        document = self._document
        if document is None or document.state is not State.COMPLETE:
            return []
        if self._part is _Part.HEADER:
            return self._enter_arguments(document.finish())
        if self._part is _Part.CONTENT:
            self._document = None
            self._part = _Part.DONE
            check_document(self._plan.content, document.finish())
            return []
        self._before += document.finish().encode()
        self._document = None
        check_document(self._function.arguments if self._function else None, document.finish())
        self._calls += 1
        more = self._plan.parallel and self._calls < _MAX_CALLS
        self._part = _Part.AFTER if more else _Part.DONE
        self._before += self._plan.closing.encode() if more else b""
        return []

    def _enter_arguments(self, header: str) -> list[Event]:
        self._before += header.encode() + b" "
        self._function = self._functions[header.partition('"')[0]]
        self._part = _Part.ARGUMENTS
        self._document = Document(self._function.arguments)
        identity = f"call_{secrets.token_hex(12)}"
        events: list[Event] = [ToolCallDelta(self._calls, "", identity, self._function.name)]
        return events + self._emitted(self._begin(self._document)) + self._advance()

    def _take_after(self, data: bytes) -> list[Event]:
        """Closers are swallowed; another call may begin; anything else ends the reply."""
        if not self._candidate.is_open and data in _BETWEEN_CALLS:
            return []
        rejected = self._candidate.feed(data)
        if self._candidate.is_call:
            self._candidate.take()
            self._before += b"\n" + self._plan.opening.encode()
            return self._enter_header()
        if rejected.strip(_BETWEEN_CALLS) and not self._plan.closing.strip().encode().startswith(
            rejected.strip()
        ):
            self._part = _Part.DONE
        return []

"""A reply with tool calls, read from the byte stream of a model that knows no call tokens.

    text ──trigger──► header ──name──► arguments ──last brace──► after ──trigger──► header …

Text streams at once; only bytes with which a call could begin are held until it is clear. In
the header and in the arguments every byte is held to a grammar and repaired like any document.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from picoserve.constraint import Grammar, State
from picoserve.constraint.plan import ToolPlan
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    TokenLogprob,
)
from picoserve.output.between_calls import BetweenCalls
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.call_log import CallLog
from picoserve.output.engine_pieces import EnginePiece, EnginePieces
from picoserve.output.held_document import HeldDocument, openers
from picoserve.output.parts import Part
from picoserve.output.reply import ReplyState, Tally
from picoserve.output.spoken import SpokenText

_MAX_CALLS: Final = 8
_MAX_PREAMBLE: Final = 2048


class ToolReply:
    """Free text, or a document, or calls.

    Attributes:
        tally: What it took so far.
    """

    def __init__(self, plan: ToolPlan, stop: Iterable[str], user_stop: Iterable[str]) -> None:
        """Begin a reply.

        Args:
            stop: The template's own end marks.
            user_stop: The caller's stop phrases; they hold for text, not inside calls.
        """
        self.tally = Tally()
        self._plan = plan
        self._arguments = {each.name: each.arguments for each in plan.functions}
        self._pieces = EnginePieces(stop)
        self._candidate = CallCandidate(plan.trigger)
        self._between = BetweenCalls()
        self._calls = CallLog()
        self._part = Part.TEXT
        self._before = bytearray()  # raw reply up to the document under way
        self._text = SpokenText(self._before, user_stop)
        self._document: HeldDocument | None = None
        self._doubtful: bytearray | None = None  # a header that may yet turn out to be text
        self._openers = openers(plan.content) if plan.content else b""
        self._dropped = 0
        self._speaking = False  # a call of the engine is under way
        self._cut = False

    @property
    def state(self) -> ReplyState:
        """What is wanted now."""
        if self._part is Part.DONE:
            return ReplyState.DONE
        going = self._is_reading and not self._pieces.stopped
        return ReplyState.GOING if going else ReplyState.ENOUGH

    @property
    def _is_reading(self) -> bool:
        if self._document is not None and self._document.state is State.VIOLATION:
            return False
        return self._part is not Part.DONE and self._dropped <= _MAX_PREAMBLE

    @property
    def prefix(self) -> str:
        """The raw reply so far."""
        document = "" if self._document is None else self._document.prefix
        gap = " " if document and self._part is Part.ARGUMENTS else ""
        return self._before.decode("utf-8", errors="ignore") + gap + document

    @property
    def finish_reason(self) -> FinishReason:
        """`tool_calls` as soon as there was one."""
        if self._cut:
            return FinishReason.LENGTH
        return FinishReason.TOOL_CALLS if self._calls.count else FinishReason.STOP

    def start(self) -> list[Event]:
        """A forced call begins without the model."""
        if not self._plan.forced:
            return []
        self._before += self._plan.opening.encode()
        return self._enter_header()

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        if self.state is not ReplyState.GOING:
            return []
        self._speaking = True
        return self._read(self._pieces.read(data, tokens))

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the part under way stands."""
        events: list[Event] = []
        if self.state is ReplyState.GOING:
            events += self._read(self._pieces.rest(outcome.tail))
        self._speaking = False
        limited = outcome.finish is EngineFinish.LIMIT and not self._pieces.stopped
        self._pieces.restart()
        while self._doubtful is not None:
            events += self._back_to_text()
        if self._document is None:
            return events + self._end_open_part(limited=limited)
        return events + self._mend(self._document, outcome, limited=limited)

    def close(self) -> list[Event]:
        """End a document without the engine: its context is full."""
        events: list[Event] = []
        if self._plan.content is not None and self._part is Part.TEXT:
            events += self._enter_content(self._plan.content)
        while self._document is not None:
            events += self._shown(self._document.close())
            events += self._advance()
        self._part = Part.DONE
        return events

    def _end_open_part(self, *, limited: bool) -> list[Event]:
        """The model has ended outside any document."""
        if self._part is Part.TEXT and self._plan.content is not None:
            self._candidate.take()
            self._dropped = 0
            return self._enter_content(self._plan.content)
        in_text, self._part = self._part is Part.TEXT, Part.DONE
        self._cut = limited and in_text
        return self._text.end(self._candidate) if in_text else []

    def _mend(self, document: HeldDocument, outcome: Outcome, *, limited: bool) -> list[Event]:
        shown = b""
        if document.state is State.GOING and not limited:
            shown += document.end_of_text()
        if document.state is State.VIOLATION:
            shown += document.repair(outcome.tokens)
        if self._part is Part.HEADER:
            return self._complete_header(document)
        return self._shown(shown) + self._advance()

    def _read(self, piece: EnginePiece) -> list[Event]:
        """In portions, since a part may end within a piece."""
        data = piece.data
        events: list[Event] = []
        start = 0
        while start < len(data) and self._is_reading:
            end = self._portion_end(data, start)
            whole = (start, end) == (0, len(data))
            events += self._take(piece if whole else EnginePiece(data[start:end]))
            start = end
        return events

    def _portion_end(self, data: bytes, start: int) -> int:
        """Text up to where a call could begin, documents up to where one could end."""
        end = start + 1
        if self._part.ends_with_brace:
            brace = data.find(b"}", start)
            return len(data) if brace < 0 else brace + 1
        if self._part is Part.TEXT and self._plan.content is None and not self._candidate.is_open:
            return max(end, self._candidate.first_start(data, start))
        return end

    def _take(self, piece: EnginePiece) -> list[Event]:
        if self._document is not None:
            return self._take_document(piece, self._document)
        if self._part is Part.AFTER:
            return self._take_after(piece.data)
        if self._plan.content is not None:
            return self._take_lead(piece.data, self._plan.content)
        return self._take_text(piece.data)

    def _take_text(self, data: bytes) -> list[Event]:
        events = self._text.show(self._candidate.feed(data))
        if self._candidate.is_call:
            trigger = self._candidate.take()
            if self._before.strip() and trigger.startswith(b"{"):
                # Text goes on to some JSON with a name: only a known name makes it a call.
                self._doubtful = bytearray(trigger)
                return events + self._enter_header()
            events += self._text.end(self._candidate)
            self._before += trigger
            events += self._enter_header()
        elif self._text.stopped:
            self._part = Part.DONE
        return events

    def _take_lead(self, data: bytes, content: Grammar) -> list[Event]:
        """A reply that is no call must be the document; what comes before either is dropped."""
        plain = self._candidate.feed(data)
        if self._candidate.is_call:
            self._before += self._candidate.take()
            return self._enter_header()
        for at in range(len(plain)):
            if plain[at] in self._openers:
                return self._enter_content(content, plain[at:])
        self._dropped += len(plain)
        return []

    def _back_to_text(self) -> list[Event]:
        """The JSON in the middle of a text was no call."""
        doubtful, self._doubtful = bytes(self._doubtful or b""), None
        self._document = None
        self._part = Part.TEXT
        return self._text.show(doubtful[:1]) + self._read(EnginePiece(doubtful[1:]))

    def _enter_content(self, content: Grammar, data: bytes = b"") -> list[Event]:
        self._part = Part.CONTENT
        self._document = HeldDocument(content, self.tally)
        begun = self._document.feed(data) if data else self._document.start()
        return self._shown(begun) + self._advance()

    def _enter_header(self) -> list[Event]:
        self._part = Part.HEADER
        self._document = HeldDocument(self._plan.header, self.tally)
        if self._speaking:
            return []  # The model is about to say it itself.
        self._document.start()
        return self._complete_header(self._document)

    def _complete_header(self, document: HeldDocument) -> list[Event]:
        """After a name comes the arguments' key, for which nobody has to be asked."""
        if document.prefix.endswith('"') and document.prefix[:-1] in self._arguments:
            document.feed(f', "{self._plan.arguments_key}":'.encode())
        return self._advance()

    def _take_document(self, piece: EnginePiece, document: HeldDocument) -> list[Event]:
        if self._doubtful is not None:
            self._doubtful += piece.data
        shown = document.feed(piece.data, piece.token, piece.at)
        if self._doubtful is not None and document.state is State.VIOLATION:
            return self._back_to_text()
        return self._shown(shown) + self._advance()

    def _shown(self, data: bytes) -> list[Event]:
        """Arguments and content stream as they are certain; of a header nothing is shown."""
        if self._part is Part.CONTENT and data:
            return [TextDelta(data.decode())]
        return self._calls.add(data.decode()) if self._part is Part.ARGUMENTS else []

    def _advance(self) -> list[Event]:
        """Go on to the next part when the document under way is complete."""
        document = self._document
        if document is None or document.state is not State.COMPLETE:
            return []
        text = document.finish()
        if self._part is Part.HEADER:
            return self._enter_arguments(text)
        self._document = None
        if self._part is Part.CONTENT:
            self._before += text.encode()
            self._part = Part.DONE
            return []
        self._before += b" " + text.encode()
        events = self._calls.end(text)
        more = self._plan.parallel and self._calls.attempts < _MAX_CALLS
        self._part = Part.AFTER if more else Part.DONE
        return events

    def _enter_arguments(self, header: str) -> list[Event]:
        events: list[Event] = []
        if self._doubtful is not None:
            events += self._text.end(self._candidate)
            self._before += self._doubtful
            self._doubtful = None
        else:
            self._before += header.encode()
        name = header.partition('"')[0]
        events += self._calls.begin(name)
        self._part = Part.ARGUMENTS
        self._document = HeldDocument(self._arguments[name], self.tally)
        if not self._speaking:
            events += self._shown(self._document.start())
        return events + self._advance()

    def _take_after(self, data: bytes) -> list[Event]:
        """Closers are swallowed; another call may begin; anything else ends the reply."""
        rejected = self._candidate.feed(data)
        if self._candidate.is_call:
            self._candidate.take()
            self._before += f"{self._plan.closing}\n{self._plan.opening}".encode()
            self._between = BetweenCalls()
            return self._enter_header()
        self._between.feed(rejected)
        if self._between.is_over:
            self._part = Part.DONE
        return []

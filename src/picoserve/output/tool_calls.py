"""A reply with tool calls, read from the byte stream of a model that knows no call tokens.

    text ──trigger──► call ──last brace──► after ──trigger──► call …

Text streams at once; only bytes with which a call could begin are held until it is clear. In
a call every byte is held to a grammar and repaired like any document.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from picoserve.constraint import Grammar, State
from picoserve.constraint.plan import ToolPlan
from picoserve.generation import EngineFinish, Event, FinishReason, Outcome, TokenLogprob
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.call_opening import CallOpening, DoubtfulCall, read_opening
from picoserve.output.call_series import CallSeries
from picoserve.output.content import Content
from picoserve.output.engine_pieces import EnginePiece, EnginePieces
from picoserve.output.held_document import HeldDocument
from picoserve.output.parts import Part
from picoserve.output.preamble import Preamble
from picoserve.output.reply import ReplyState, Tally
from picoserve.output.spoken import SpokenText

# Phi begins so, and Gemma 4; in the middle of a text they are words.
_FIRST_WORDS: Final = ("functools", "call:")


class ToolReply:
    """Free text, or a document, or calls.

    Attributes:
        tally: What it took so far.
    """

    def __init__(
        self,
        plan: ToolPlan,
        stop: Iterable[str],
        user_stop: Iterable[str],
        *,
        lead: str = "",
        logprobs: bool = False,
    ) -> None:
        """Begin a reply.

        Args:
            plan: What it has to be.
            stop: The template's own end marks.
            user_stop: The caller's stop phrases; they hold for text, not inside calls.
            lead: What the model writes before its first word; it is not shown.
            logprobs: Whether token log probabilities are wanted; calls have none.
        """
        self.tally = Tally()
        self._plan = plan
        self._logprobs = logprobs
        self._pieces = EnginePieces(stop)
        self._pieces.skip_lead("" if plan.content is None or plan.forced else lead)
        self._candidate = CallCandidate(
            plan.trigger, first_words=(*_FIRST_WORDS, *plan.callable_names)
        )
        self._part = Part.TEXT
        self._before = bytearray()  # raw reply up to the call or document under way
        self._text = SpokenText(self._before, user_stop, lead=lead, logprobs=logprobs)
        self._calls = CallSeries(plan, self._before, self._new_document)
        self._doubt: DoubtfulCall | None = None
        self._preamble = Preamble(plan.content)
        self._content: Content | None = None
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
        document = self._content or self._calls
        if document.state is State.VIOLATION:
            return False
        return self._part is not Part.DONE and not self._preamble.is_too_long

    @property
    def prefix(self) -> str:
        """The raw reply so far."""
        text = self._before.decode("utf-8", errors="ignore")
        return text + (self._content or self._calls).prefix

    @property
    def finish_reason(self) -> FinishReason:
        """`tool_calls` as soon as there was a whole one."""
        if self._cut:
            return FinishReason.LENGTH
        return FinishReason.TOOL_CALLS if self._calls.count else FinishReason.STOP

    def start(self) -> list[Event]:
        """A forced call begins without the model."""
        if not self._plan.forced:
            return []
        self._text.put_lead()
        self._part = Part.CALLS
        return self._after_calls(self._calls.force())

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        if self.state is not ReplyState.GOING:
            return []
        self._text.tell(tokens)
        return self._read(self._pieces.read(data, tokens))

    def end_call(self, outcome: Outcome) -> list[Event]:
        """Repair, end or give up, as the part under way stands."""
        self._text.tell(outcome.tokens)
        going = self.state is ReplyState.GOING
        rest = self._pieces.rest(outcome.tail, outcome.tokens)
        events = self._read(rest) if going else []
        limited = outcome.finish is EngineFinish.LIMIT and not self._pieces.stopped
        events += self._end_doubt(limited=limited)
        if self._part is Part.CALLS:
            cut = limited and self._calls.call is not None
            events += [] if cut else self._after_calls(self._calls.mend())
        elif self._content is not None:
            events += self._after_content(self._content.mend(limited=limited))
        else:
            events += self._end_open_part(limited=limited)
        if self._part is not Part.TEXT:
            events += self._text.told()
        self._pieces.restart()
        return events

    def close(self) -> list[Event]:
        """End a document without the engine: its context is full. A call is not made up."""
        if self._content is None:
            self.cut()
            return []
        return self._after_content(self._content.close())

    def cut(self) -> None:
        """End as it stands. A call behind a whole one has not been shown, and is left out."""
        self._cut = not self._calls.count
        self._part = Part.DONE

    def _end_doubt(self, *, limited: bool) -> list[Event]:
        """JSON that a known name should have followed is text, unless a limit has cut the name."""
        events: list[Event] = []
        while self._doubt is not None:
            call = self._calls.call
            if limited and call is not None and call.may_be_known:
                self._leave_doubt()
            else:
                events += self._back_to_text(self._doubt)
        return events

    def _end_open_part(self, *, limited: bool) -> list[Event]:
        """The model has ended before any call or document."""
        if self._part is Part.TEXT and self._plan.content is not None:
            self._candidate.take()
            begun = self._preamble.end()
            events = self._enter_content(self._plan.content, begun)
            if begun is not None and self._content is not None:
                events += self._after_content(self._content.mend(limited=limited))
            return events
        in_text, self._part = self._part is Part.TEXT, Part.DONE
        self._cut = limited and in_text
        if limited and self._candidate.is_telling:
            # Half the opening of a call is nothing to be read aloud.
            self._candidate.take()
        return self._text.end(self._candidate) if in_text else []

    def _read(self, piece: EnginePiece) -> list[Event]:
        """In portions, since a part may end within a piece."""
        data = piece.data
        events: list[Event] = []
        start = 0
        while start < len(data) and self._is_reading:
            end = self._portion_end(data, start)
            events += self._take(EnginePiece(data[start:end], piece.start + start))
            start = end
        return events

    def _portion_end(self, data: bytes, start: int) -> int:
        """Text up to where a call could begin, documents up to where one could end."""
        if self._part is Part.CALLS:
            return self._calls.portion_end(data, start)
        if self._part is Part.CONTENT:
            return data.find(b"}", start) + 1 or len(data)
        if self._part is Part.TEXT and self._plan.content is None and not self._candidate.is_open:
            return max(start + 1, self._candidate.first_start(data, start))
        return start + 1

    def _take(self, piece: EnginePiece) -> list[Event]:
        match self._part:
            case Part.CALLS if self._doubt is not None:
                return self._take_doubtful(piece, self._doubt)
            case Part.CALLS:
                return self._after_calls(self._calls.feed(piece))
            case Part.CONTENT if self._content is not None:
                return self._after_content(self._content.feed(piece))
            case _ if self._plan.content is not None:
                return self._take_lead(piece, self._plan.content)
            case _:
                return self._take_text(piece)

    def _take_text(self, piece: EnginePiece) -> list[Event]:
        events = self._text.show(self._candidate.feed(piece.data))
        if self._candidate.is_call:
            opening = read_opening(self._candidate.take(), self._plan.callable_names)
            said = self._text.said
            if not opening.fits_behind(said):
                return events + self._text.show(opening.said)
            if opening.is_doubtful(in_text=bool(said.strip())):
                start = piece.start + len(piece.data) - len(opening.said)
                self._doubt = DoubtfulCall(opening.said, opening.said, start)
                self._part = Part.CALLS
                self._calls.open_call()
                return events
            return events + self._text.end(self._candidate) + self._begin_calls(opening)
        if self._text.stopped:
            self._part = Part.DONE
        return events

    def _take_lead(self, piece: EnginePiece, content: Grammar) -> list[Event]:
        """A reply that is no call must be the document; what comes before either is dropped."""
        plain = self._candidate.feed(piece.data)
        if self._candidate.is_call:
            self._text.put_lead()
            names = self._plan.callable_names
            return self._begin_calls(read_opening(self._candidate.take(), names))
        start = piece.start + len(piece.data) - len(plain)
        begun = self._preamble.feed(EnginePiece(plain, start))
        return [] if begun is None else self._enter_content(content, begun)

    def _take_doubtful(self, piece: EnginePiece, doubt: DoubtfulCall) -> list[Event]:
        doubt.said += piece.data
        events = self._calls.feed(piece)
        if self._calls.state is State.VIOLATION:
            return self._back_to_text(doubt)
        if self._calls.call is not None and self._calls.call.name:
            self._doubt = None
            events = self._text.end(self._candidate) + events
            self._before += doubt.opening
        return self._after_calls(events)

    def _leave_doubt(self) -> None:
        self._doubt = self._calls.call = None
        self._part = Part.TEXT

    def _back_to_text(self, doubt: DoubtfulCall) -> list[Event]:
        """The JSON was no call."""
        self._leave_doubt()
        again = EnginePiece(doubt.said[1:], doubt.start + 1)
        return self._text.show(doubt.said[:1]) + self._read(again)

    def _begin_calls(self, opening: CallOpening) -> list[Event]:
        self._part = Part.CALLS
        return self._after_calls(self._calls.begin(opening))

    def _after_calls(self, events: list[Event]) -> list[Event]:
        """Nothing follows the last call."""
        if self._calls.is_over:
            self._part = Part.DONE
        return events

    def _enter_content(self, grammar: Grammar, piece: EnginePiece | None = None) -> list[Event]:
        self._part = Part.CONTENT
        self._text.put_lead()
        content = Content(grammar, self.tally, self._pieces, logprobs=self._logprobs)
        self._content = content
        return self._after_content(content.start() if piece is None else content.feed(piece))

    def _after_content(self, events: list[Event]) -> list[Event]:
        """Nothing follows a whole document."""
        if self._content is not None and self._content.state is State.COMPLETE:
            self._part = Part.DONE
        return events

    def _new_document(self, grammar: Grammar) -> HeldDocument:
        return HeldDocument(grammar, self.tally, self._pieces)

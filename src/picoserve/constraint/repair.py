"""One document: the model's bytes go in, certain bytes come out, and a wrong turn is put right.

The caller's loop:

    verdict = document.start()
    while document.state is not State.COMPLETE:
        # ask the engine to continue prompt + document.prefix_for_prompt(),
        # give each piece to feed() until the state is no longer GOING, or to end_of_text()
        verdict = document.repair(alternatives)   # after a violation

Every verdict carries bytes to show. Joined, they are the document; none is ever taken back.
"""

from collections.abc import Sequence

from picoserve.constraint.closing import first_token, shortest_end, undo_comma, undo_key
from picoserve.constraint.desk import Desk
from picoserve.constraint.faults import DeadEndError
from picoserve.constraint.grammar import Grammar
from picoserve.constraint.lexical import partial_character
from picoserve.constraint.limits import DocumentLimits
from picoserve.constraint.pieces import Pieces
from picoserve.constraint.reading import Outcome, Reader
from picoserve.constraint.trace import CHOSEN, FORCED, Trace
from picoserve.constraint.verdict import State, Verdict


class Document:
    """One document under way.

    Args:
        grammar: What it must become.
        limits: Bounds on repairs and on what is dropped.
        traced: Verdicts tell the sources of their bytes.

    Attributes:
        state: How it stands.
        repairs: Repairs made so far; each but the last costs one more call of the engine.
        forced_bytes: Bytes that were put in because nothing else was legal.
        closed: The end was put in without the engine, because the repairs were used up or the
            caller asked for it.
        alternative: Index of the alternative that the last repair took; None if it took none.

    Not safe for use by two threads at once.
    """

    def __init__(
        self, grammar: Grammar, limits: DocumentLimits | None = None, *, traced: bool = False
    ) -> None:
        self.state = State.GOING
        self.repairs = 0
        self.forced_bytes = 0
        self.closed = False
        self.alternative: int | None = None
        self._grammar = grammar
        self._limits = limits or DocumentLimits()
        self._matcher = grammar.new_matcher()
        self._trace = self._matcher.trace = Trace() if traced else None
        self._reader = Reader(
            Desk(self._matcher, self._limits.surplus_bytes),
            preamble_bytes=self._limits.preamble_bytes,
        )
        self._emitted = 0
        self._outcome = Outcome.READY
        self._ended = False
        self._call_start = 0
        self._retried = False
        self._fruitless = 0
        self._pieces = Pieces()

    @property
    def in_string(self) -> bool:
        """The document stands inside a JSON string."""
        return self._matcher.in_string

    @property
    def broken_piece(self) -> int:
        """Index, among the pieces fed since the last repair, of the one that broke the grammar."""
        return self._pieces.current

    def start(self) -> Verdict:
        """Put in the bytes that every document begins with, as `{"location": "`."""
        self._force()
        self._begin_call()
        return self._verdict()

    def feed(self, piece: bytes, position: int | None = None) -> Verdict:
        """Read one piece of the model's output.

        Args:
            piece: Its bytes; it may end within a character. Ignored unless the state is GOING.
            position: Of its first byte among all that the caller has read, for the sources;
                None where it follows the piece before.
        """
        if self.state is not State.GOING or not piece:
            return Verdict(b"", self.state)
        self._pieces.add(piece)
        self._conclude(*self._reader.read(piece, final=False, position=position))
        return self._verdict()

    def end_of_text(self) -> Verdict:
        """Tell that the model ended by itself, which is fine only where the document may end."""
        if self.state is not State.GOING:
            return Verdict(b"", self.state)
        outcome, count = self._reader.read(b"", final=True)
        if outcome is Outcome.READY:
            self._settle()
            accepting = self._matcher.is_accepting
            outcome = Outcome.COMPLETE if accepting else Outcome.VIOLATION
            self._ended = True
        self._conclude(outcome, count)
        return self._verdict()

    def repair(self, alternatives: Sequence[bytes] | None = None) -> Verdict:
        """Put in what brings the document further, before the engine is called again.

        In this order: what is forced; the best alternative that is legal as a whole; nothing,
        if the last call was no retry itself and either got anywhere or told no alternatives; the
        first step to the shortest end. Only the last, where a string will not end, or where a
        key stands in the wrong place.
        Past the limits on repairs and on calls without fruit the document is closed.

        Args:
            alternatives: Other tokens that the model considered in place of `broken_piece`,
                best first; only of use if pieces are tokens. None where they are not told, but
                will be in the next call.

        Raises:
            DeadEndError: No legal end is found.
        """
        if self.state is not State.VIOLATION:
            return Verdict(b"", self.state)
        self.repairs += 1
        self.alternative = None
        self._fruitless = 0 if self._has_progress() else self._fruitless + 1
        if self.repairs > self._limits.repairs or self._fruitless >= self._limits.fruitless:
            return self.close()
        self.state = State.GOING
        self._matcher.rollback(partial_character(self._matcher.text))
        hopeless = self._outcome is Outcome.FLOOD or undo_key(self._matcher)
        if hopeless or not (self._force() or self._take_alternative(alternatives or ())):
            self._settle()
            if hopeless or not self._may_retry(told=alternatives is not None):
                self._minimal_step()
        self._force()
        self._settle()
        self._begin_call()
        return self._verdict()

    def close(self) -> Verdict:
        """End the document in the fewest bytes, without the engine.

        Raises:
            DeadEndError: No legal end is found within the limits.
        """
        if self.state is not State.COMPLETE:
            self._settle()
            undo_key(self._matcher)
            undo_comma(self._matcher)
            self._append(self._shortest_end(), CHOSEN)
            self.closed = True
            self.state = State.COMPLETE
        return self._verdict()

    def finish(self) -> str:
        """Return the finished document.

        Raises:
            ValueError: It is not finished.
        """
        if self.state is not State.COMPLETE:
            raise ValueError("the document is not finished")
        return self._matcher.text.decode()

    def prefix_for_prompt(self) -> str:
        """Return the text so far as the engine should see it: whole characters, no last blank.

        A model's usual next token brings its own blank.
        """
        return self._matcher.text[: len(self._matcher.text) - self._loose()].decode()

    def shown(self) -> str:
        """Return all that was emitted, for an answer that is cut off by `max_tokens`."""
        return self._matcher.text[: self._emitted].decode()

    def _conclude(self, outcome: Outcome, count: int) -> None:
        self._outcome = outcome
        self._pieces.advance(count)
        if outcome is Outcome.COMPLETE:
            self._settle()
            self.state = State.COMPLETE
        elif outcome is not Outcome.READY:
            self.state = State.VIOLATION

    def _begin_call(self) -> None:
        self._reader.restart()
        self._pieces.clear()
        self._call_start = len(self._matcher.text)
        self._ended = False
        self._outcome = Outcome.READY
        if self._matcher.is_complete:
            self.state = State.COMPLETE

    def _verdict(self) -> Verdict:
        text, done = self._matcher.text, self.state is State.COMPLETE
        held = max(self._matcher.held_bytes(), self._matcher.open_key_bytes())
        safe = len(text) - (0 if done else held)
        start, self._emitted = self._emitted, max(self._emitted, safe)
        sources = () if self._trace is None else self._trace.part(start, self._emitted)
        return Verdict(bytes(text[start : self._emitted]), self.state, sources)

    def _append(self, data: bytes, source: int) -> None:
        if self._trace is not None:
            self._trace.begin(source)
        if self._matcher.feed(data, bounded=False) < len(data):
            raise DeadEndError("Legal bytes were refused.")

    def _force(self) -> bool:
        self._append(forced := self._matcher.forced(self._limits.forced_bytes), FORCED)
        self.forced_bytes += len(forced)
        return bool(forced)

    def _take_alternative(self, alternatives: Sequence[bytes]) -> bool:
        part = self._pieces.accepted_part()
        if self._ended or not self._pieces:
            return False
        for index, each in enumerate(alternatives):
            rest = each[len(part) :]
            if each.startswith(part) and rest.strip(b", \t\r\n") and self._matcher.accepts(rest):
                self._append(rest, self._reader.position)
                if self._trace is not None:
                    self._trace.end(self._reader.position + 1)
                self.alternative = index
                return True
        return False

    def _has_progress(self) -> bool:
        return bool(self._matcher.text[self._call_start :].strip())

    def _may_retry(self, *, told: bool) -> bool:
        """A new token border is often enough, but a model that insists is not asked twice."""
        worth_it = not told or self._has_progress()
        self._retried = worth_it and not self._ended and not self._retried
        return self._retried

    def _minimal_step(self) -> None:
        """Take the first token of the shortest end."""
        undo_comma(self._matcher)
        end = self._shortest_end()
        self._append(first_token(self._matcher, end), CHOSEN)
        if not end:
            self.state = State.COMPLETE

    def _shortest_end(self) -> bytes:
        end = shortest_end(
            self._matcher,
            self._grammar.samples,
            limit=max(self._limits.close_bytes, self._grammar.source_bytes),
            seconds=self._limits.close_seconds,
        )
        if end is None:
            raise DeadEndError("No legal end was found within the limits.")
        return end

    def _settle(self) -> None:
        """Give back blanks and half characters at the end, which nobody has seen."""
        self._matcher.rollback(self._loose())

    def _loose(self) -> int:
        """Count the held bytes at the end, apart from a comma."""
        text, held = self._matcher.text, self._matcher.held_bytes()
        if self._grammar.is_json and text[len(text) - held : len(text) - held + 1] == b",":
            return held - 1
        return held

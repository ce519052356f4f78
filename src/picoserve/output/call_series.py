"""The calls of a reply, from the first one's opening on; what stands between them is swallowed."""

from collections.abc import Callable

from picoserve.constraint import Grammar, State
from picoserve.constraint.plan import ToolPlan
from picoserve.generation import Event
from picoserve.output.between_calls import BetweenCalls
from picoserve.output.call_candidate import CallCandidate
from picoserve.output.call_log import CallLog
from picoserve.output.call_opening import CallForm, CallOpening, read_opening
from picoserve.output.engine_pieces import EnginePiece
from picoserve.output.held_document import HeldDocument
from picoserve.output.open_call import OpenCall


class CallSeries:
    """Reads one call after the other.

    Attributes:
        call: The one under way.
        is_over: Nothing more is wanted.
    """

    def __init__(
        self, plan: ToolPlan, raw: bytearray, new_document: Callable[[Grammar], HeldDocument]
    ) -> None:
        """Begin.

        Args:
            plan: What may be called.
            raw: The raw reply; is kept up to date, but for the call under way.
            new_document: Begins a document of this reply.
        """
        self.call: OpenCall | None = None
        self.is_over = False
        self._plan = plan
        self._raw = raw
        self._new_document = new_document
        self._log = CallLog()
        self._candidate: CallCandidate | None = None
        self._between = BetweenCalls()
        self._in_list = False

    @property
    def count(self) -> int:
        """Whole calls that were shown."""
        return self._log.count

    @property
    def state(self) -> State:
        """How the document under way stands."""
        return State.GOING if self.call is None else self.call.state

    @property
    def prefix(self) -> str:
        """The call under way, in the model's style."""
        return "" if self.call is None else self.call.text

    def force(self) -> list[Event]:
        """Begin a call without the model."""
        self._raw += self._plan.opening.encode()
        return self._after_step(self.open_call().begin())

    def begin(self, opening: CallOpening) -> list[Event]:
        """The model has begun a call; one in a style of its own is continued in the usual one."""
        is_usual = not opening.name and opening.form is CallForm.JSON
        self._raw += opening.said if is_usual else self._plan.opening.encode()
        return self._read_on(opening)

    def open_call(self) -> OpenCall:
        """Begin to read what follows the opening quote of a name."""
        self.call = OpenCall(self._plan, self._log, self._new_document)
        return self.call

    def feed(self, piece: EnginePiece) -> list[Event]:
        """Read what the model says."""
        if self.call is not None:
            return self._after_step(self.call.feed(piece))
        return [] if self._candidate is None else self._take_between(piece.data, self._candidate)

    def mend(self) -> list[Event]:
        """The model has ended its turn: repair the call under way, or end."""
        if self.call is not None:
            return self._after_step(self.call.mend())
        self.is_over = True
        return []

    def portion_end(self, data: bytes, start: int) -> int:
        """Up to where the call under way could end."""
        if self.call is not None and self.call.end_byte:
            return data.find(self.call.end_byte, start) + 1 or len(data)
        return start + 1

    def _read_on(self, opening: CallOpening) -> list[Event]:
        self._in_list = self._in_list or opening.begins_list
        call = self.open_call()
        if opening.name:
            return self._after_step(call.begin_arguments(opening))
        if opening.form is CallForm.NAME_LAST:
            call.await_name()
        return []

    def _take_between(self, data: bytes, candidate: CallCandidate) -> list[Event]:
        """Closers are swallowed; another call may begin; anything else ends the reply."""
        rejected = candidate.feed(data)
        if candidate.is_call:
            opening = read_opening(candidate.take(), self._plan.callable_names)
            if opening.continues(in_list=self._in_list):
                self._raw += f"{self._plan.closing}\n{self._plan.opening}".encode()
                return self._read_on(opening)
            rejected = opening.said
        self._between.feed(rejected)
        self.is_over = self._between.is_over
        return []

    def _after_step(self, events: list[Event]) -> list[Event]:
        """Leave the call when it is whole."""
        if self.call is not None and self.call.is_over:
            self._raw += self.call.text.encode()
            self.call = None
            self.is_over = self._log.is_over or not self._plan.parallel
            if not self.is_over:
                self._candidate = CallCandidate(
                    self._plan.another_trigger, words=self._plan.callable_names
                )
                self._between = BetweenCalls()
        return events

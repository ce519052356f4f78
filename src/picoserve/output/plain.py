"""A reply of free text: one call, passed through."""

from collections.abc import Iterable, Sequence

from picoserve.generation import EngineFinish, Event, FinishReason, Outcome, TokenLogprob
from picoserve.output.reply import ReplyState, Tally
from picoserve.output.text import TextOutput


class PlainReply:
    """Free text, ended by the model, a stop phrase or the limit.

    Attributes:
        tally: Stays empty.
    """

    def __init__(self, stop: Iterable[str], *, lead: str = "", logprobs: bool = False) -> None:
        self._output = TextOutput(stop, lead=lead, logprobs=logprobs)
        self.tally = Tally()
        self._ended = False
        self._cut = False

    @property
    def state(self) -> ReplyState:
        """DONE once a stop phrase was found or the call has ended."""
        return ReplyState.DONE if self._ended or self._output.stopped else ReplyState.GOING

    @property
    def prefix(self) -> str:
        """The text so far, behind the lead where the model wrote it."""
        return self._output.raw

    @property
    def finish_reason(self) -> FinishReason:
        """`length` where a limit cut the text."""
        return FinishReason.LENGTH if self._cut else FinishReason.STOP

    def start(self) -> list[Event]:
        """Nothing is known before the model speaks."""
        return []

    def feed(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> list[Event]:
        """Read a piece."""
        delta = self._output.feed(data, tokens)
        return [] if delta is None else [delta]

    def end_call(self, outcome: Outcome) -> list[Event]:
        """The only call has ended."""
        self._ended = True
        delta = self._output.finish(outcome.tail, outcome.tokens)
        self._cut = outcome.finish is EngineFinish.LIMIT and not self._output.stopped
        return [] if delta is None else [delta]

    def close(self) -> list[Event]:
        """Nothing has to be added to free text."""
        self.cut()
        return []

    def cut(self) -> None:
        """Free text may end anywhere."""
        self._ended = self._cut = True

"""Thoughts between tags, in front of what a model says: `<think>…</think>`, `[THINK]…[/THINK]`."""

from enum import Enum, auto

from picoserve.generation import ThoughtTags
from picoserve.output.portions import Portion, Voice


class _Place(Enum):
    START = auto()
    THOUGHT_START = auto()
    THOUGHT = auto()
    BEHIND = auto()
    SAID = auto()


class TaggedThoughts:
    """Splits one reply, however it is cut into pieces.

    The opening tag counts as the first thing of the reply only; a model may repeat the one that
    its prompt ends in. Blanks around the tags belong to nobody.
    """

    def __init__(self, tags: ThoughtTags) -> None:
        self._opening = tags.opening.encode()
        self._closing = tags.closing.encode()
        self._ending = tags.ending
        self._is_open = tags.is_open
        self._place = _Place.START
        self._held = b""
        self._before = bytearray()  # the raw reply up to the first word of what is said

    @property
    def is_over(self) -> bool:
        """True from the first word that is said."""
        return self._place is _Place.SAID

    def feed(self, data: bytes) -> list[Portion]:
        """Take bytes; returns those of which it is certain whom they are for."""
        if self.is_over:
            return [Portion(Voice.SAID, data)]
        data, self._held = self._held + data, b""
        portions: list[Portion] = []
        if self._place is _Place.START:
            data = self._take_start(data, portions)
        if self._place is _Place.THOUGHT_START:
            data = self._take_blanks(data, portions, _Place.THOUGHT)
        if self._place is _Place.THOUGHT:
            data = self._take_thought(data, portions)
        if self._place is _Place.BEHIND:
            data = self._take_blanks(data, portions, _Place.SAID)
        if data:
            portions.append(Portion(Voice.SAID, data))
        return portions

    def finish(self) -> list[Portion]:
        """The call has ended; returns what was held back."""
        held, self._held = self._held, b""
        if not held:
            return []
        if self._place is _Place.START and not self._is_inside:
            self._place = _Place.SAID
            return [Portion(Voice.SAID, held)]
        thought = held.rstrip()
        self._before += held
        return [Portion(Voice.THOUGHT, thought), Portion(Voice.MARKUP, held[len(thought) :])]

    def raw(self, said: str) -> str:
        """The reply with its thoughts; those that are still open are ended before a word."""
        before = self._before.decode("utf-8", errors="ignore")
        return before + (self._ending if said and self._is_inside else "") + said

    @property
    def _is_inside(self) -> bool:
        """A thought has begun, and not ended."""
        if self._place is _Place.START:
            return self._is_open
        return self._place in {_Place.THOUGHT_START, _Place.THOUGHT}

    def _take_start(self, data: bytes, portions: list[Portion]) -> bytes:
        """Look for the opening tag; returns what follows it."""
        text = data.lstrip()
        if len(text) < len(self._opening) and self._opening.startswith(text):
            self._held = data
            return b""
        if text.startswith(self._opening):
            end = len(data) - len(text) + len(self._opening)
            self._put(Voice.MARKUP, data[:end], portions)
            data = data[end:]
        elif not self._is_open:
            self._place = _Place.SAID
            return data
        self._place = _Place.THOUGHT_START
        return data

    def _take_blanks(self, data: bytes, portions: list[Portion], then: _Place) -> bytes:
        text = data.lstrip()
        self._put(Voice.MARKUP, data[: len(data) - len(text)], portions)
        if text:
            self._place = then
        return text

    def _take_thought(self, data: bytes, portions: list[Portion]) -> bytes:
        """Pass thoughts on; returns what follows the closing tag."""
        at = data.find(self._closing)
        end = at if at >= 0 else self._possible_end(data)
        thought = data[:end].rstrip()
        self._put(Voice.THOUGHT, thought, portions)
        if at < 0:
            self._held = data[len(thought) :]
            return b""
        end += len(self._closing)
        self._put(Voice.MARKUP, data[len(thought) : end], portions)
        self._place = _Place.BEHIND
        return data[end:]

    def _possible_end(self, data: bytes) -> int:
        """Where the closing tag may have begun; the data's end when it has not."""
        for start in range(max(0, len(data) - len(self._closing) + 1), len(data)):
            if self._closing.startswith(data[start:]):
                return start
        return len(data)

    def _put(self, voice: Voice, data: bytes, portions: list[Portion]) -> None:
        if data:
            self._before += data
            portions.append(Portion(voice, data))

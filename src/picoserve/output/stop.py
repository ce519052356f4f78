"""Stop phrases: found over piece borders, never shown, and held back no longer than needed."""

from collections.abc import Iterable


class StopFilter:
    """Passes text on until a stop phrase appears.

    Attributes:
        stopped: True once a phrase was found; everything after it is dropped.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = tuple(dict.fromkeys(phrase for phrase in phrases if phrase))
        self._longest = max((len(phrase) for phrase in self._phrases), default=0)
        self._first_letters = frozenset(phrase[0] for phrase in self._phrases)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Take more text; returns what can be shown for certain."""
        if self.stopped:
            return ""
        text = self._held + text
        cut = self._find(text)
        if cut >= 0:
            self.stopped = True
            self._held = ""
            return text[:cut]
        keep = self._possible_start(text)
        self._held = text[keep:]
        return text[:keep]

    def finish(self) -> str:
        """No more text comes: what was held back was no stop phrase."""
        held, self._held = self._held, ""
        return held

    def _find(self, text: str) -> int:
        found = [at for phrase in self._phrases if (at := text.find(phrase)) >= 0]
        return min(found, default=-1)

    def _possible_start(self, text: str) -> int:
        """Where a phrase may have begun; the text's end when it has not."""
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[start] in self._first_letters and self._begins(text[start:]):
                return start
        return len(text)

    def _begins(self, tail: str) -> bool:
        return any(phrase.startswith(tail) for phrase in self._phrases)


class ByteStopFilter:
    """The same for bytes that need not end at a character's border."""

    def __init__(self, phrases: Iterable[str]) -> None:
        # Latin-1 gives every byte a character of its own.
        self._filter = StopFilter(phrase.encode().decode("latin-1") for phrase in phrases)

    @property
    def stopped(self) -> bool:
        """True once a phrase was found; everything after it is dropped."""
        return self._filter.stopped

    def feed(self, data: bytes) -> bytes:
        """Take more bytes; returns what is not part of a phrase for certain."""
        return self._filter.feed(data.decode("latin-1")).encode("latin-1")

    def finish(self) -> bytes:
        """No more bytes come: what was held back was no stop phrase."""
        return self._filter.finish().encode("latin-1")

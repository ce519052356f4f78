"""What stands between a native call and the sink of its job."""

from collections.abc import Callable
from typing import Final

from picoserve.engine.engine import Sink
from picoserve.generation import ContextLoad

_WHOLE: Final = 100


class Relay:
    """Passes on pieces and progress; repeats the interrupt once nobody wants them.

    Attributes:
        prompt_tokens: Of the prompt's text.
        sent: The bytes that were passed on.
        count: The pieces that were.
    """

    def __init__(
        self,
        sink: Sink,
        interrupt: Callable[[], None],
        prompt_tokens: int,
        cached_tokens: int | None,
        load: ContextLoad | None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self._cached_tokens = cached_tokens
        self._load = load
        self.sent = bytearray()
        self.count = 0
        self._sink = sink
        self._interrupt = interrupt
        self._accepted = False
        self._percent = 0

    def accept(self) -> None:
        """The prompt fits. With an image only the library knows, and says so by its first sign."""
        if not self._accepted:
            self._accepted = True
            self._sink.accepted(self.prompt_tokens, self._cached_tokens, self._load)

    def piece(self, data: bytes) -> None:
        """More bytes of the reply."""
        if self._sink.cancelled:
            # What the server waits for before it takes the engine for deaf; told once.
            self.progress(_WHOLE)
            return
        self.accept()
        self.sent += data
        self.count += 1
        self._sink.piece(data)

    def progress(self, percent: float) -> None:
        """The prompt is evaluated so far; passed on in whole percents that grow."""
        if self._sink.cancelled:
            self._interrupt()
        else:
            self.accept()
        if self._percent + 1 <= percent <= _WHOLE:
            self._percent = int(percent)
            self._sink.progress(self._percent)

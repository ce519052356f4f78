"""Where an engine's reports go when nobody asks for them."""

from collections.abc import Sequence

from picoserve.engine.engine import EngineInfo
from picoserve.generation import ContextLoad, TokenLogprob


class SilentSink:
    """Drops everything; what is to be kept is overridden."""

    @property
    def cancelled(self) -> bool:
        """Whether the job is to end."""
        return False

    def accepted(
        self,
        prompt_tokens: int | None,
        cached_tokens: int | None,
        load: ContextLoad | None = None,
    ) -> None:
        """The engine has taken the job."""

    def progress(self, percent: int) -> None:
        """The prompt is being read."""

    def piece(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> None:
        """More bytes of the reply."""

    def engine_changed(self, info: EngineInfo) -> None:
        """The engine has learnt something of itself."""

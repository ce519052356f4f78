"""The lines to paste that the start ends with: each of them works as it stands but for the key."""

from collections.abc import Sequence
from dataclasses import dataclass

from picoserve.config.auth import AuthSettings
from picoserve.engine.engine import Capability
from picoserve.pool.pool import Pool


@dataclass(frozen=True, slots=True)
class Invitation:
    """How to ask this server something.

    Attributes:
        url: Where the server can be reached, without a path.
        page: Whether it has a page.
    """

    url: str
    auth: AuthSettings
    page: bool

    def lines(self, pool: Pool) -> Sequence[str]:
        """The lines for the models that have loaded."""
        if all(model.info is None for model in pool.models.values()):
            return ["Nothing to try yet: see `picoserve doctor`."]
        lines = [f"  Page: {self.url}/"] if self.page else []
        if model := _first_that_generates(pool):
            lines += [*self._curl(model), *self._livekit(model)]
        return ["Try it:", *lines] if lines else []

    def _curl(self, model: str) -> list[str]:
        if self.auth.livekit and not self.auth.has_static_keys:
            return []
        header = ["    -H 'authorization: Bearer YOUR_KEY' \\"] if self.auth.is_configured else []
        return [
            f"  curl -N {self.url}/v1/chat/completions \\",
            *header,
            "    -H 'content-type: application/json' \\",
            f'    -d \'{{"model": "{model}", "stream": true,',
            '         "messages": [{"role": "user", "content": "Hello!"}]}\'',
        ]

    def _livekit(self, model: str) -> list[str]:
        if self.auth.has_static_keys and not self.auth.livekit:
            # Its client sends no key, but a token that it makes of a key and a secret.
            return ["  LiveKit's inference.LLM needs [[auth.livekit]] with a key and a secret."]
        key, secret = (
            ("YOUR_LIVEKIT_KEY", "YOUR_LIVEKIT_SECRET") if self.auth.livekit else ("any", "any")
        )
        return [
            "  LiveKit:",
            f'    inference.LLM("{model}", base_url="{self.url}/v1",',
            f'                  api_key="{key}", api_secret="{secret}")',
        ]


def _first_that_generates(pool: Pool) -> str:
    """A model that has loaded and takes a chat; "" where none does."""
    loaded = ((model.name, model.info) for model in pool.models.values())
    return next((name for name, info in loaded if info and info.can(Capability.GENERATION)), "")

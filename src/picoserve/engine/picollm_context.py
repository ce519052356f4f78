"""What a picoLLM engine's context cache holds, and which saved contexts fit an engine.

The library tells neither. Its documentation says that consecutive prompts that share a common
prefix are processed faster, so what an engine read last is what it holds. Whether a saved
context can be carried to another kind of device is documented nowhere, so it is not tried.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_SAMPLE_BYTES: Final = 1 << 20


class HeldContext:
    """The tokens in an engine's context cache, as far as they can be known."""

    def __init__(self) -> None:
        self._ids: Sequence[int] = ()
        self._is_sure = True

    def reused(self, ids: Sequence[int]) -> int | None:
        """Tokens of a prompt that are not evaluated again; None where that cannot be said."""
        return self._shared(ids) if self._is_sure else None

    def gain(self, loadable: Sequence[int], ids: Sequence[int]) -> int:
        """How many more tokens of a prompt would be there with a loaded context; may be negative.

        Args:
            loadable: What the saved context holds.
            ids: The prompt.
        """
        return _reusable(loadable, ids) - self._shared(ids)

    def hold(self, ids: Sequence[int], *, is_sure: bool = True) -> None:
        """The engine has read these tokens, or at least is likely to have."""
        self._ids, self._is_sure = ids, is_sure

    def lose_track(self) -> None:
        """Nobody can say what the engine holds."""
        self.hold((), is_sure=False)

    def _shared(self, ids: Sequence[int]) -> int:
        return _reusable(self._ids, ids)


def context_identity(model: str, version: str, device: str, path: Path) -> str:
    """Names all that a saved context depends on: model, file, library, kind of device.

    A model file may have gigabytes, so it is told by its size, its beginning and its end.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE_BYTES))
        file.seek(max(0, size - _SAMPLE_BYTES), os.SEEK_SET)
        digest.update(file.read(_SAMPLE_BYTES))
    kind = device.partition(":")[0]
    return f"{model}, picollm {version}, {kind}, {digest.hexdigest()[:32]}"


def _reusable(held: Sequence[int], prompt: Sequence[int]) -> int:
    # Generation begins with the evaluation of the prompt's last token.
    most = max(0, min(len(held), len(prompt) - 1))
    pairs = zip(held, prompt, strict=False)
    return min(most, next((i for i, (a, b) in enumerate(pairs) if a != b), most))

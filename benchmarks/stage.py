"""What all contestants of a run share: folder, model files, the stand-in library."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from benchmarks.endless_model import write_endless_model
from tests.standin.build import build_library
from tests.standin.model_script import ModelScript, Reply
from tests.support.models import SHIPPED

CONTEXT_PER_SLOT: Final = 512
PROMPT_CACHE_MIB: Final = 1024
"""picoserve's default."""


@dataclass(frozen=True)
class Stage:
    """Where a benchmark takes place.

    Attributes:
        folder: Files and logs, thrown away at the end.
        llama_cpp_python: An interpreter with that package, or None.
        quick: A try that proves nothing: a fraction of the work.
    """

    folder: Path
    llama_cpp_python: Path | None
    quick: bool

    @cached_property
    def model(self) -> Path:
        """The tiny GGUF model, which stops at token limits only."""
        return write_endless_model(SHIPPED, self.folder / "endless.gguf")

    @cached_property
    def library(self) -> Path:
        """The stand-in for picoLLM."""
        return build_library(self.folder / "standin")

    @cached_property
    def llama_server(self) -> str | None:
        """llama.cpp's own server, where it is installed."""
        return shutil.which("llama-server")

    def script(self, tokens_per_second: float | None, words: int) -> ModelScript:
        """A model for the stand-in that says so many words at this pace.

        It makes them all before the first, so no more than are needed.
        """
        return ModelScript(
            context_length=100_000,
            tokens_per_second=tokens_per_second,
            replies=[Reply(count=words)],
        )

    def few(self, many: int) -> int:
        """So many, or a tenth of it in a quick try."""
        return max(1, many // 10) if self.quick else many

    def new_folder(self, name: str) -> Path:
        """An empty folder."""
        number = len(list(self.folder.iterdir()))
        folder = self.folder / f"{number}-{name}"
        folder.mkdir()
        return folder

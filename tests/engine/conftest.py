"""Engines in this process, picoLLM's on the stand-in library, and a sink that keeps everything."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.standin.model_script import ModelScript
from tests.support.models import SHIPPED

from picoserve.engine.engine import EngineInfo, EngineKind, EngineSpec
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.engine.picollm import PicoLLMEngine
from picoserve.generation import ContextLoad, Job, TokenLogprob

KEY = "AccessKeyOfNobody/AbC+123=="

Load = Callable[..., PicoLLMEngine]


class KeptPieces:
    """A sink that keeps what it is given; `after` is called with the number of pieces so far."""

    def __init__(self, after: Callable[[int], None] = lambda _: None) -> None:
        self.cancelled = False
        self.prompts: list[int | None] = []
        self.loads: list[ContextLoad | None] = []
        self.pieces: list[bytes] = []
        self.tokens: list[TokenLogprob] = []
        self.changes: list[EngineInfo] = []
        self.percents: list[int] = []
        self._after = after

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    def accepted(
        self,
        prompt_tokens: int | None,
        cached_tokens: int | None,
        load: ContextLoad | None = None,
    ) -> None:
        self.prompts.append(prompt_tokens)
        self.loads.append(load)

    def progress(self, percent: int) -> None:
        self.percents.append(percent)

    def piece(self, data: bytes, tokens: Sequence[TokenLogprob] = ()) -> None:
        self.pieces.append(data)
        self.tokens += tokens
        self._after(len(self.pieces))

    def engine_changed(self, info: EngineInfo) -> None:
        self.changes.append(info)


def tiny_spec(**options: Any) -> EngineSpec:
    """The shipped model on one CPU thread."""
    given: dict[str, Any] = {"path": str(SHIPPED), "device": "cpu:1", "prompt_cache_mib": 64}
    return EngineSpec(kind=EngineKind.LLAMACPP, name="tiny", **given | options)


@contextmanager
def tiny_engine(**options: Any) -> Generator[LlamaCppEngine, None, None]:
    """The shipped model, loaded in this process."""
    engine = LlamaCppEngine(tiny_spec(**options))
    # Freeing it before its loop has begun can hang.
    engine.generate(Job("hi", max_tokens=1), KeptPieces())
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture
def load(standin_library: Path, tmp_path: Path) -> Generator[Load, None, None]:
    """Loads an engine on a script; the fixture frees it."""
    engines: list[PicoLLMEngine] = []

    def start(script: ModelScript, **options: Any) -> PicoLLMEngine:
        path = script.write(tmp_path / "model.pllm")
        given = {"device": "cpu:1", "access_key": KEY, "path": str(path)} | options
        engine = PicoLLMEngine(
            EngineSpec(
                kind=EngineKind.PICOLLM, name="e", library_path=str(standin_library), **given
            )
        )
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        engine.close()

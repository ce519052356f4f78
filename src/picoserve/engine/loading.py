"""From a spec to a loaded engine: the one table of engines."""

from collections.abc import Mapping
from typing import Final

from picoserve.engine.engine import Engine, EngineFactory, EngineKind, EngineSpec
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.engine.picollm import PicoLLMEngine

_ENGINES: Final[Mapping[EngineKind, EngineFactory]] = {
    EngineKind.PICOLLM: PicoLLMEngine,
    EngineKind.LLAMACPP: LlamaCppEngine,
}


def load_engine(spec: EngineSpec) -> Engine:
    """Build the engine that the spec asks for. Raises EngineError."""
    return _ENGINES[spec.kind](spec)

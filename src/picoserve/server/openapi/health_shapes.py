"""What the addresses around the models answer: health and administration."""

from typing import Literal

from typing_extensions import TypedDict

HealthWord = Literal["ready", "not ready", "draining"]


class Alive(TypedDict):
    """The process answers."""

    status: Literal["alive"]


class Readiness(TypedDict):
    """Engines that can run jobs, as `1/2`, by model."""

    status: HealthWord
    engines_ready: dict[str, str]


class ModelHealth(TypedDict):
    """A model and its line."""

    ready: bool
    waiting: int


class EngineHealth(TypedDict):
    """An engine; `problem` says why it is not ready."""

    name: str
    model: str
    device: str
    state: str
    problem: str
    slots: int
    busy: int
    restarts: int
    load_seconds: float


class Health(TypedDict):
    """Every model and every engine."""

    status: HealthWord
    version: str
    models: dict[str, ModelHealth]
    engines: list[EngineHealth]


class Restarting(TypedDict):
    """The engine that is being started afresh."""

    engine: str
    status: Literal["restarting"]

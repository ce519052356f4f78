"""The form of a comparison."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from benchmarks.loads import Figures
from benchmarks.stage import Stage

Turns: TypeAlias = Mapping[str, Callable[[], Figures]]
"""Measures a contestant once; by the contestants' names."""


class Workload(Protocol):
    """What contestants are compared by."""

    @property
    def title(self) -> str:
        """What is done, in one line."""
        ...

    def open(self, stage: Stage) -> AbstractContextManager[Turns]:
        """Start what all turns need; it ends with the context."""
        ...

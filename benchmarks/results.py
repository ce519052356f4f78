"""What was measured: every figure of every turn, kept as JSON and merged by workload."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.loads import Figures

_PACKAGES: Final = (
    "fastapi", "httptools", "sse-starlette", "starlette", "uvicorn", "uvloop", "xllamacpp",
)  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """One workload's figures.

    Attributes:
        turns: The figures of each contestant's turns, one per round.
        measured: When, on what and with which versions.
    """

    title: str
    turns: dict[str, list[Figures]]
    measured: dict[str, Any] = field(default_factory=dict)

    def median(self, contestant: str, figure: str) -> float:
        """Over all rounds. Raises KeyError where it was not measured."""
        return median(turn[figure] for turn in self.turns[contestant])


class Results:
    """Comparisons by workload, in a file.

    A run replaces the workloads that it has measured and leaves the others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.comparisons: dict[str, Comparison] = {}
        if path.exists():
            stored = json.loads(path.read_text(encoding="utf-8"))
            self.comparisons = {name: Comparison(**row) for name, row in stored.items()}

    def add(self, workload: str, comparison: Comparison) -> None:
        """Keep a comparison."""
        self.comparisons[workload] = comparison
        rows = {
            name: {"title": row.title, "measured": row.measured, "turns": row.turns}
            for name, row in self.comparisons.items()
        }
        self._path.write_text(json.dumps(_shortened(rows), indent=1) + "\n", encoding="utf-8")


def circumstances(llama_cpp_python: Path | None) -> dict[str, Any]:
    """When, where and with which versions figures are taken."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": _said("git", "describe", "--always", "--dirty"),
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": dict(_versions(llama_cpp_python)),
    }


def _versions(llama_cpp_python: Path | None) -> Iterator[tuple[str, str]]:
    yield "python", platform.python_version()
    yield from ((package, version(package)) for package in _PACKAGES)
    if shutil.which("llama-server"):
        said = _said("llama-server", "--version")
        yield (
            "llama-server",
            next((line for line in said.splitlines() if line.startswith("version")), said),
        )
    if llama_cpp_python is not None:
        program = "import llama_cpp; print(llama_cpp.__version__)"
        yield "llama-cpp-python", _said(str(llama_cpp_python), "-c", program)


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.strip() or done.stderr.strip()).removeprefix("version: ")


def _cpu() -> str:
    if sys.platform != "linux":
        return platform.processor()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _shortened(value: Any) -> Any:
    """Four digits say all that is known."""
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value

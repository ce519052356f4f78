"""Compare picoserve with other servers, with floors, and with its own engine.

    python -m benchmarks [WORKLOAD ...] [--rounds 5] [--quick] [--show] [--json FILE]

Contestants run on loopback, with the same tiny model, in one go; within a round each has one
turn, and every round begins with another. Peers take part where they are found: `llama-server`
on the PATH, llama-cpp-python's server in the environment of `--llama-cpp-python`.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.loads import Figures
from benchmarks.occasions import OCCASIONS
from benchmarks.report import goals_table, workload_tables
from benchmarks.results import Comparison, Results, circumstances
from benchmarks.serving import SERVING
from benchmarks.stage import Stage
from benchmarks.workload import Turns, Workload

_WORKLOADS: Final[Mapping[str, Workload]] = {**SERVING, **OCCASIONS}
_HERE: Final = Path(__file__).parent


def main() -> None:
    """Run workloads, keep their figures, print all that are known."""
    options = _parse_arguments()
    results = Results(options.json)
    python = options.llama_cpp_python
    python = python.absolute() if python.exists() else None
    measured = circumstances(python)
    wanted = () if options.show else options.workloads or _WORKLOADS
    for name in wanted:
        workload = _WORKLOADS[name]
        _say(f"{name}: {workload.title}")
        with tempfile.TemporaryDirectory(prefix="picoserve-bench-") as folder:
            stage = Stage(Path(folder), python, quick=options.quick)
            with workload.open(stage) as turns:
                figures = _by_turns(turns, 1 if options.quick else options.rounds)
        results.add(name, Comparison(workload.title, figures, measured))
    for table in workload_tables(results.comparisons):
        _say(f"\n{table}")
    _say(f"\n{goals_table(results.comparisons)}")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(_WORKLOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one short round; proves nothing")
    parser.add_argument("--show", action="store_true", help="print what the file has")
    parser.add_argument("--json", type=Path, default=_HERE / "results.json")
    parser.add_argument(
        "--llama-cpp-python", type=Path, default=Path(".venv-peers/bin/python"), metavar="PYTHON"
    )
    options = parser.parse_args()
    unknown = set(options.workloads) - _WORKLOADS.keys()
    if unknown:
        parser.error(f"unknown workloads: {', '.join(sorted(unknown))}")
    return options


def _by_turns(turns: Turns, rounds: int) -> dict[str, list[Figures]]:
    figures: dict[str, list[Figures]] = {name: [] for name in turns}
    order = list(turns)
    for number in range(rounds):
        for name in order:
            try:
                figures[name].append(turns[name]())
            except Exception as error:
                error.add_note(f"in the turn of {name}")
                raise
        order = order[1:] + order[:1]
        _say(f"  round {number + 1} of {rounds}")
    return figures


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

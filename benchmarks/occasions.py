"""Comparisons that are no load: starting, waiting in the line, leaving, finding one's engine."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import perf_counter
from typing import Final

from benchmarks import affinity, barge_in
from benchmarks.children import command, talker
from benchmarks.contestants import (
    floor,
    llama_cpp_python,
    llama_server,
    picoserve_standin,
    picoserve_started,
)
from benchmarks.floors.sse import IDLE_TOKENS
from benchmarks.loads import Figures, Target, idle_streams
from benchmarks.stage import Stage
from benchmarks.workload import Turns, Workload

_STREAMS: Final = 500
_LEAVERS: Final = 4
_WEB: Final = "import fastapi, uvicorn, pydantic"


class IdleStreams:
    """Memory of streams that wait in the line behind one that does not end."""

    title: Final = f"{_STREAMS} streams that wait, on a new server each time"

    @contextmanager
    def open(self, stage: Stage) -> Generator[Turns, None, None]:
        """Nothing runs between the turns: a server keeps the memory that it has had once."""
        line = f"[pool]\nmax_waiting = {2 * _STREAMS}\n"
        streams = stage.few(_STREAMS)

        def held(target: AbstractContextManager[Target]) -> Figures:
            with target as opened:
                return idle_streams(opened, streams, tokens=IDLE_TOKENS)

        yield {
            "picoserve": lambda: held(picoserve_standin(stage, 1, 1.0, 100, line)),
            "sse floor": lambda: held(floor(stage, "sse")),
        }


class ColdStart:
    """From starting a process to its being ready."""

    title: Final = "start to ready with the tiny model; its parts alone"

    @contextmanager
    def open(self, stage: Stage) -> Generator[Turns, None, None]:
        """Every turn starts a process of its own."""

        def ready(start: Callable[[Stage], AbstractContextManager[Target]]) -> Figures:
            began = perf_counter()
            with start(stage):
                return {"ready_seconds": perf_counter() - began}

        turns: dict[str, Callable[[], Figures]] = {
            "picoserve": partial(ready, picoserve_started),
            "web imports": _web_imports,
            "engine": partial(_engine, stage),
        }
        if stage.llama_server is not None:
            turns["llama-server"] = partial(ready, partial(llama_server, slots=4))
        if stage.llama_cpp_python is not None:
            turns["llama-cpp-python"] = partial(ready, llama_cpp_python)
        yield turns


class Disconnects:
    """How long an engine stays with a client that has left."""

    title: Final = f"client closes to next job; {barge_in.TOKENS_PER_SECOND:g} tokens/s"

    @contextmanager
    def open(self, stage: Stage) -> Generator[Turns, None, None]:
        """One server for all turns."""
        with barge_in.opened(stage.library, stage.new_folder("barge-in")) as leave:

            def left(moment: str) -> Figures:
                spans = [1000 * leave(moment) for _ in range(stage.few(_LEAVERS))]
                return {"median_freed_ms": statistics.median(spans), "max_freed_ms": max(spans)}

            yield {moment: partial(left, moment) for moment in barge_in.STAGES}


class Affinity:
    """Prompt tokens that engines evaluate again; a count, the same every time."""

    title: Final = "prompt tokens evaluated; 8 chats of 10 turns on 4 engines"

    @contextmanager
    def open(self, stage: Stage) -> Generator[Turns, None, None]:
        """Every turn starts its servers."""

        def counted(schedule: str) -> Figures:
            result = affinity.run(schedule, stage.library, stage.new_folder("affinity"))
            return {
                "evaluated_to_ideal": result.affinity / result.ideal,
                "round_robin_to_ideal": result.round_robin / result.ideal,
            }

        yield {name: partial(counted, name) for name in affinity.SCHEDULES}


OCCASIONS: Final[dict[str, Workload]] = {
    "idle": IdleStreams(),
    "disconnects": Disconnects(),
    "cold-start": ColdStart(),
    "affinity": Affinity(),
}


def _web_imports() -> Figures:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", _WEB], check=True)
    return {"ready_seconds": perf_counter() - began}


def _engine(stage: Stage) -> Figures:
    program = command("benchmarks.in_process", stage.model, 4, "--load-only")
    with talker(stage, "engine", program) as engine:
        return {"ready_seconds": engine.listen()["load_seconds"]}

"""The engine called in a process of its own, without HTTP and without a pipe: the ceiling.

    python -m benchmarks.in_process MODEL SLOTS [--load-only]

Answers each line of standard input, a load as JSON, with a line of figures as JSON.
"""

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time

from benchmarks.connection import Exchange
from benchmarks.loads import Load, question, stream_figures
from benchmarks.silent_sink import SilentSink
from benchmarks.stage import CONTEXT_PER_SLOT, PROMPT_CACHE_MIB
from typing_extensions import override

from picoserve.engine.engine import EngineKind, EngineSpec
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.generation import Job, Sampling
from picoserve.prompt.chat_template import SequenceTokens, template_from_source
from picoserve.prompt.turns import Turn


@dataclass(slots=True)
class _Clock(SilentSink):
    """A sink that only notes when pieces come."""

    arrivals: list[float] = field(default_factory=list)

    @override
    def piece(self, data: bytes, tokens: Sequence[object] = ()) -> None:
        """Note the time."""
        self.arrivals.append(perf_counter())


class _Caller(threading.Thread):
    """One client's jobs, one after the other."""

    def __init__(self, engine: LlamaCppEngine, load: Load) -> None:
        super().__init__()
        tokens = SequenceTokens(eos=engine.info.eos_token)
        template = template_from_source(engine.info.chat_template, name="bench", tokens=tokens)
        self._engine = engine
        self._jobs = [
            Job(
                template.render([Turn("user", question())]),
                load.tokens,
                sampling=Sampling(0.0),
            )
            for _ in range(load.requests)
        ]
        self.exchanges: list[Exchange] = []

    @override
    def run(self) -> None:
        """Do the jobs."""
        for job in self._jobs:
            clock = _Clock()
            began = perf_counter()
            self._engine.generate(job, clock)
            self.exchanges.append(Exchange(began, clock.arrivals, perf_counter()))


def main() -> None:
    """Load the engine and answer standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("slots", type=int)
    parser.add_argument("--load-only", action="store_true")
    options = parser.parse_args()
    began = perf_counter()
    engine = LlamaCppEngine(
        EngineSpec(
            kind=EngineKind.LLAMACPP,
            name="bench",
            path=options.model,
            device="cpu:1",
            slots=options.slots,
            context_length=CONTEXT_PER_SLOT,
            prompt_cache_mib=PROMPT_CACHE_MIB,
        )
    )
    _answer({"load_seconds": perf_counter() - began})
    if not options.load_only:
        for line in sys.stdin:
            _answer(_measure(engine, Load(**json.loads(line))))
    engine.close()


def _measure(engine: LlamaCppEngine, load: Load) -> dict[str, float]:
    callers = [_Caller(engine, load) for _ in range(load.clients)]
    began, cpu = perf_counter(), process_time()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    exchanges = [exchange for caller in callers for exchange in caller.exchanges]
    return stream_figures(exchanges, perf_counter() - began, process_time() - cpu)


def _answer(figures: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

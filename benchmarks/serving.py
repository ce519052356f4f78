"""Comparisons of servers under one load."""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from benchmarks.contestants import (
    Contestant,
    floor,
    in_process,
    over_http,
    peers,
    picoserve,
    picoserve_standin,
    piped_floor,
)
from benchmarks.loads import Load
from benchmarks.stage import Stage
from benchmarks.workload import Turns

# So few requests bring every code path in; they are not measured.
_WARM_UP: Final = 2

Contestants = Mapping[str, Contestant]


@dataclass(frozen=True, slots=True)
class Serving:
    """One load, carried out by each contestant in turn while all of them run.

    Attributes:
        contestants: Who takes part, not started.
    """

    title: str
    load: Load
    contestants: Callable[[Stage], Contestants]

    @contextmanager
    def open(self, stage: Stage) -> Generator[Turns, None, None]:
        """Start everybody."""
        load = self.load
        if stage.quick:
            load = replace(load, requests=stage.few(load.requests), tokens=min(load.tokens, 100))
        with ExitStack() as stack:
            asks = {
                name: stack.enter_context(contestant)
                for name, contestant in self.contestants(stage).items()
            }
            for ask in asks.values():
                ask(replace(load, requests=_WARM_UP, tokens=min(load.tokens, 8)))
            yield {name: partial(ask, load) for name, ask in asks.items()}


def unpaced(clients: int, requests: int, tokens: int) -> Serving:
    """Streams as fast as the tiny model goes."""

    def contestants(stage: Stage) -> Contestants:
        return {
            "picoserve": over_http(picoserve(stage, clients)),
            "in-process": in_process(stage, clients),
            **peers(stage, clients),
            "sse floor": over_http(floor(stage, "sse")),
            "bare floor": over_http(floor(stage, "bare")),
        }

    return Serving(
        f"{clients} streams, tiny model, as many slots as streams, {tokens} tokens each",
        Load(clients, requests, tokens),
        contestants,
    )


def paced(engines: int, tokens_per_second: int, tokens: int) -> Serving:
    """Streams at the pace of a real model, each on an engine of its own."""

    def contestants(stage: Stage) -> Contestants:
        return {
            "picoserve": over_http(picoserve_standin(stage, engines, tokens_per_second, tokens)),
            "piped floor": over_http(piped_floor(stage, engines, tokens_per_second, tokens)),
        }

    return Serving(
        f"{engines} stand-in engines at {tokens_per_second} tokens/s, a stream on each",
        Load(engines, 1, tokens),
        contestants,
    )


def _short(stage: Stage) -> Contestants:
    return {"picoserve": over_http(picoserve(stage, 8)), **peers(stage, 8)}


def _short_floor(stage: Stage) -> Contestants:
    return {
        "picoserve": over_http(picoserve_standin(stage, 1, None, 1)),
        "FastAPI floor": over_http(floor(stage, "sse")),
    }


def _first_token(stage: Stage) -> Contestants:
    return {
        "picoserve": over_http(picoserve(stage, 1)),
        "in-process": in_process(stage, 1),
        **peers(stage, 1),
        "sse floor": over_http(floor(stage, "sse")),
    }


SERVING: Final = {
    "first-token": Serving("first token, one client", Load(1, 50, 4), _first_token),
    "streams-1": unpaced(1, 8, 256),
    "streams-8": unpaced(8, 2, 256),
    "streams-32": unpaced(32, 1, 128),
    "streams-64": unpaced(64, 1, 64),
    "paced-8": paced(8, 200, 1000),
    "paced-64": paced(64, 50, 250),
    "short": Serving(
        "JSON answers of one token to one question, tiny model, 8 clients",
        Load(8, 100, 1, stream=False, same=True),
        _short,
    ),
    "short-floor": Serving(
        "JSON answers of one token, stand-in engine, 8 clients",
        Load(8, 250, 1, stream=False, same=True),
        _short_floor,
    ),
}

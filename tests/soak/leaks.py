"""Thousands of requests against one server: hang-ups, errors and crashes among them.

The two engines of one model crash again and again; every other worker lives through the whole
run, so that a leak in a worker shows too. Figures are taken between batches, while nothing runs.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tests.soak.asks import MODEL
from tests.soak.client import http_client, make
from tests.soak.leak_run import LeakRun
from tests.soak.ledger import Ledger, Role
from tests.soak.load import CRASH, FAILURE, STEADY, VECTORS, draw, is_aimed
from tests.soak.resources import Resources, resources_of
from tests.standin.model_script import ModelScript, Reply, Status, read_journal
from tests.support.models import ACCESS_KEY, standin_model, tiny_model
from tests.support.processes import worker_pids
from tests.support.server import RunningServer, running_server, wait_until

_CALLERS: Final = 12
_LOOKS: Final = 3
_LOOK_SECONDS: Final = 0.1
_REST_SECONDS: Final = 60.0

_POOL: Final = """
[pool]
backoff_seconds = 0.05
max_backoff_seconds = 0.2
max_failures = 100000
"""
_SCRIPT: Final = ModelScript(
    model="qwen-2.5-500m-instruct [5.90 v1]",
    eos="<|im_end|>",
    tokens_per_second=2000.0,
    delay_seconds=0.002,
    replies=[
        Reply(match_last=CRASH, count=9, crash_after=3),
        Reply(match_last=FAILURE, count=9, status_after=(3, Status.RUNTIME_ERROR)),
        Reply(echo=True, continues=True),
    ],
)
_VECTORS: Final = ModelScript(model="embeddinggemma-300m [1.37 v1]", generate=False, embeddings=16)


async def run_leaks(
    library: Path,
    folder: Path,
    requests: int,
    batches: int,
    tell: Callable[[LeakRun], None] = lambda _: None,
) -> LeakRun:
    """Make so many requests, and sample after each batch.

    Args:
        folder: An empty one that exists.
        tell: Called after each batch.
    """
    run = LeakRun()
    chance = random.Random(requests)  # noqa: S311  # the same run every time
    with running_server(folder, _config(library, folder), environment=ACCESS_KEY) as server:
        server.wait_engines()
        mortal = {entry["pid"] for entry in read_journal(folder / "journal", "init")}
        steady = set(worker_pids(server)) - mortal
        for _ in range(batches):
            await _batch(server, run, chance, requests // batches)
            wait_until(partial(_is_at_rest, server), _REST_SECONDS)
            held = _least([server.process.pid, *sorted(steady)])
            run.sample(held.pop(server.process.pid), _tasks(server), held)
            run.restarts = sum(engine["restarts"] for engine in server.health()["engines"])
            tell(run)
    if "Traceback" in server.log.read_text():
        run.violations.append("a traceback in the log")
    return run


def _config(library: Path, folder: Path) -> str:
    mortal = replace(_SCRIPT, journal="journal")
    return (
        _POOL
        + standin_model(library, folder, mortal, name=MODEL, engines=2)
        + standin_model(library, folder, _SCRIPT, name=STEADY, engines=2)
        + standin_model(library, folder, _VECTORS, name=VECTORS)
        + tiny_model(slots=2, prompt_cache_mib=4)
    )


async def _batch(server: RunningServer, run: LeakRun, chance: random.Random, count: int) -> None:
    """So many requests from a dozen callers, and their connections closed."""
    ledger, numbers = Ledger(), iter(range(run.requests, run.requests + count))
    async with http_client(server.url) as client, asyncio.TaskGroup() as group:
        for _ in range(_CALLERS):
            group.create_task(_keep_asking(client, ledger, chance, numbers))
    run.add(ledger.since(0))


async def _keep_asking(
    client: httpx.AsyncClient, ledger: Ledger, chance: random.Random, numbers: Iterator[int]
) -> None:
    for number in numbers:
        ask = draw(chance, number)
        role = Role.VICTIM if is_aimed(ask) else Role.CALLER
        await ledger.note(role, partial(make, client, ask))


def _is_at_rest(server: RunningServer) -> bool:
    health = server.health()
    ready = all(engine["state"] == "ready" for engine in health["engines"])
    return ready and server.busy() == 0 and server.waiting() == 0


def _least(pids: Sequence[int]) -> dict[int, Resources]:
    """What processes hold at least: a connection that is just being closed does not count."""
    looks: dict[int, list[Resources]] = {pid: [] for pid in pids}
    for _ in range(_LOOKS):
        time.sleep(_LOOK_SECONDS)
        for pid in pids:
            looks[pid].append(resources_of(pid))
    return {
        pid: Resources(
            files=min(look.files for look in seen),
            threads=min(look.threads for look in seen),
            memory_kib=min(look.memory_kib for look in seen),
        )
        for pid, seen in looks.items()
    }


def _tasks(server: RunningServer) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    for family in text_string_to_metric_families(text):
        if family.name == "picoserve_asyncio_tasks":
            return family.samples[0].value
    raise AssertionError("no picoserve_asyncio_tasks in /metrics")

"""What is asked of a contestant over HTTP, and what came of it as figures.

Figures carry the names of `vllm bench serve` where it has one.
"""

import asyncio
import json
import statistics
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from time import perf_counter
from typing import Any, Final, TypeVar

import uvloop
from benchmarks.connection import Connection, ContestantError, Exchange, request_bytes
from benchmarks.processes import cpu_seconds, rss_kib

from picoserve.client.summary import percentile

ResultT = TypeVar("ResultT")
Figures = dict[str, float]

PATH: Final = "/v1/chat/completions"
_numbers: Final = count(10_000)
# A run that has not ended by then has failed: several times what the slowest contestant takes.
_LONGEST_RUN_SECONDS: Final = 90.0
# A character may take two tokens, so an answer may have fewer chunks than tokens.
_LEAST_CHUNKS: Final = 0.8
# Until every idle stream stands in the line and has had its first comment.
_SETTLE_SECONDS: Final = 3.0
# What the first requests bring into memory is no stream's.
_WARM_UP_STREAMS: Final = 5


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of several clients, those of each client one after the other.

    Attributes:
        clients: How many ask at the same time.
        requests: How many each of them sends.
        tokens: Length of each answer.
        stream: Event streams, or JSON.
        same: One question for all, which the engine finds in its cache.
    """

    clients: int
    requests: int
    tokens: int
    stream: bool = True
    same: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked, and whose CPU time is counted (that of its children too)."""

    port: int
    pid: int
    model: str


def chat_request(model: str, text: str, *, tokens: int, stream: bool) -> bytes:
    """A chat request that draws no random numbers."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": stream,
    }
    return request_bytes(PATH, json.dumps(body).encode())


def question() -> str:
    """What a client asks: of one length, and new each time, so that no cache holds all of it."""
    return f"Question {next(_numbers)}: tell me a long story about the sea."


def carry_out(target: Target, load: Load) -> Figures:
    """Ask everything that the load says.

    Raises:
        ContestantError: An answer is no good.
        TimeoutError: It takes too long.
    """
    began, cpu = perf_counter(), cpu_seconds(target.pid)
    exchanges = run_loop(lambda: _ask_all(target, load))
    seconds, cpu = perf_counter() - began, cpu_seconds(target.pid) - cpu
    if not load.stream:
        return json_figures(exchanges, seconds, cpu)
    shortest = min(len(exchange.arrivals) for exchange in exchanges)
    if shortest < _LEAST_CHUNKS * load.tokens:
        raise ContestantError(f"{shortest} chunks instead of {load.tokens}")
    return stream_figures(exchanges, seconds, cpu)


def idle_streams(target: Target, streams: int, *, tokens: int) -> Figures:
    """Memory that streams take while nothing happens on them.

    A few more come before them, which are not counted: on picoserve the first of those has the
    engine, and everybody else waits for its end.
    """

    async def opened(count: int) -> list[Connection]:
        connections = [Connection(target.port) for _ in range(count)]
        for connection in connections:
            request = chat_request(target.model, question(), tokens=tokens, stream=True)
            _ = await connection.begin(request)  # its end is not waited for
        await asyncio.sleep(_SETTLE_SECONDS)
        return connections

    async def held() -> float:
        first = await opened(_WARM_UP_STREAMS)
        before = rss_kib(target.pid)
        waiting = await opened(streams)
        after = rss_kib(target.pid)
        for connection in (*first, *waiting):
            connection.close()
        return after - before

    return {"rss_kib_per_stream": run_loop(held) / streams}


def stream_figures(
    exchanges: Sequence[Exchange], seconds: float, cpu: float | None = None
) -> Figures:
    """Throughput and delays of streams."""
    chunks = sum(len(exchange.arrivals) for exchange in exchanges)
    first = [(exchange.arrivals[0] - exchange.began) * 1000 for exchange in exchanges]
    gaps = sorted(
        (later - sooner) * 1000
        for exchange in exchanges
        for sooner, later in pairwise(exchange.arrivals)
    )
    figures = {
        "output_throughput": chunks / seconds,
        "median_ttft_ms": statistics.median(first),
        "p99_ttft_ms": percentile(sorted(first), 99),
    }
    if gaps:
        figures["mean_tpot_ms"] = statistics.fmean(map(_ms_per_chunk, exchanges))
        figures["median_itl_ms"] = percentile(gaps, 50)
        figures["p99_itl_ms"] = percentile(gaps, 99)
    if cpu is not None:
        figures["cpu_seconds_per_1k_chunks"] = 1000 * cpu / chunks
    return figures


def _ms_per_chunk(exchange: Exchange) -> float:
    """Mean time between chunks, from the first on."""
    arrivals = exchange.arrivals
    return 1000 * (arrivals[-1] - arrivals[0]) / (len(arrivals) - 1)


def json_figures(exchanges: Sequence[Exchange], seconds: float, cpu: float) -> Figures:
    """Throughput and delays of whole answers."""
    whole = sorted((exchange.ended - exchange.began) * 1000 for exchange in exchanges)
    return {
        "request_throughput": len(exchanges) / seconds,
        "median_e2el_ms": percentile(whole, 50),
        "p99_e2el_ms": percentile(whole, 99),
        "cpu_seconds_per_1k_requests": 1000 * cpu / len(exchanges),
    }


def run_loop(work: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """Run a coroutine to its end, which must come in time."""

    async def bounded() -> ResultT:
        async with asyncio.timeout(_LONGEST_RUN_SECONDS):
            return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(bounded())


async def _ask_all(target: Target, load: Load) -> list[Exchange]:
    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(_ask(target, load)) for _ in range(load.clients)]
    return [exchange for client in clients for exchange in client.result()]


async def _ask(target: Target, load: Load) -> list[Exchange]:
    connection = Connection(target.port)
    exchanges = []
    for _ in range(load.requests):
        text = "How is the sea?" if load.same else question()
        request = chat_request(target.model, text, tokens=load.tokens, stream=load.stream)
        exchanges.append(await connection.ask(request))
    connection.close()
    return exchanges

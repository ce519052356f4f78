"""What picoserve should reach: ratios to the others in the same run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from benchmarks.results import Comparison

Look: TypeAlias = Callable[[str, str, str], float]
"""A figure, by workload, contestant and name. Raises KeyError where it was not measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio, or a figure, and how far it may go."""

    name: str
    value: Callable[[Look], float]
    kind: Literal["at least", "at most", "below"]
    bound: float
    workload: str

    def is_met(self, value: float) -> bool:
        """Whether this is good enough."""
        if self.kind == "at least":
            return value >= self.bound
        return value <= self.bound if self.kind == "at most" else value < self.bound


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a goal stands: the ratio of medians, and the least and most of all rounds."""

    goal: Goal
    value: float
    least: float
    most: float

    @property
    def is_met(self) -> bool:
        """Whether the ratio of medians is good enough."""
        return self.goal.is_met(self.value)


def verdicts(comparisons: dict[str, Comparison]) -> Iterator[Verdict]:
    """All goals for which everything was measured."""

    def middle(workload: str, contestant: str, figure: str) -> float:
        return comparisons[workload].median(contestant, figure)

    def one(turn: int, workload: str, contestant: str, figure: str) -> float:
        return comparisons[workload].turns[contestant][turn][figure]

    for goal in GOALS:
        try:
            value = goal.value(middle)
        except KeyError:
            continue
        rounds = min(len(turns) for turns in comparisons[goal.workload].turns.values())
        spread = [goal.value(partial(one, turn)) for turn in range(rounds)]
        yield Verdict(goal, value, min(spread), max(spread))


def _ratio(workload: str, figure: str, over: str, under: str) -> Callable[[Look], float]:
    return lambda look: look(workload, over, figure) / look(workload, under, figure)


def _added_first_token(look: Look) -> float:
    ours, engine = (
        look("first-token", name, "median_ttft_ms") for name in ("picoserve", "in-process")
    )
    return (ours - engine) / look("first-token", "sse floor", "median_ttft_ms")


def _cold_start(look: Look) -> float:
    ours, web, engine = (
        look("cold-start", name, "ready_seconds") for name in ("picoserve", "web imports", "engine")
    )
    return ours / (2 * web + engine)


_TOKENS: Final = "output_throughput"
_REQUESTS: Final = "request_throughput"

GOALS: Final = (
    Goal(
        "one stream: tokens/s ÷ the engine in-process",
        _ratio("streams-1", _TOKENS, "picoserve", "in-process"),
        "at least", 0.95, "streams-1",
    ),
    Goal(
        "one stream: tokens/s ÷ llama-server's",
        _ratio("streams-1", _TOKENS, "picoserve", "llama-server"),
        "at least", 1.2, "streams-1",
    ),
    Goal(
        "one stream: tokens/s ÷ llama-cpp-python's",
        _ratio("streams-1", _TOKENS, "picoserve", "llama-cpp-python"),
        "at least", 3.0, "streams-1",
    ),
    Goal(
        "8 streams on one engine of 8 slots: tokens/s ÷ llama-server's",
        _ratio("streams-8", _TOKENS, "picoserve", "llama-server"),
        "at least", 1.0, "streams-8",
    ),
    Goal(
        "8 × 200 tokens/s: CPU per 1,000 chunks ÷ the bare floor on the same pipe",
        _ratio("paced-8", "cpu_seconds_per_1k_chunks", "picoserve", "piped floor"),
        "at most", 1.5, "paced-8",
    ),
    Goal(
        "64 × 50 tokens/s: delivered from the first token on ÷ ideal pace",
        lambda look: (1000 / 50) / look("paced-64", "picoserve", "mean_tpot_ms"),
        "at least", 0.99, "paced-64",
    ),
    Goal(
        "64 × 50 tokens/s: ITL p99 ÷ pace",
        lambda look: look("paced-64", "picoserve", "p99_itl_ms") / (1000 / 50),
        "at most", 1.5, "paced-64",
    ),
    Goal(
        "first token: added to the engine's ÷ the sse-starlette floor's",
        _added_first_token,
        "at most", 1.5, "first-token",
    ),
    Goal(
        "first token ÷ llama-server's",
        _ratio("first-token", "median_ttft_ms", "picoserve", "llama-server"),
        "below", 1.0, "first-token",
    ),
    Goal(
        "closed socket to the engine's next job, longest, minus one token, ms",
        lambda look: look("disconnects", "streaming", "max_freed_ms") - 1000 / 30,
        "at most", 5.0, "disconnects",
    ),
    Goal(
        "short JSON: requests/s ÷ the FastAPI floor's",
        _ratio("short-floor", _REQUESTS, "picoserve", "FastAPI floor"),
        "at least", 0.6, "short-floor",
    ),
    Goal(
        "short JSON: requests/s ÷ llama-cpp-python's",
        _ratio("short", _REQUESTS, "picoserve", "llama-cpp-python"),
        "at least", 3.0, "short",
    ),
    Goal(
        "memory of a stream in the line ÷ the sse-starlette floor's",
        _ratio("idle", "rss_kib_per_stream", "picoserve", "sse floor"),
        "at most", 2.0, "idle",
    ),
    Goal(
        "affinity: prompt tokens evaluated ÷ ideal",
        lambda look: look("affinity", "four lines, 8 calls in turn", "evaluated_to_ideal"),
        "at most", 1.05, "affinity",
    ),
    Goal(
        "cold start to ready ÷ (2 × the web imports + the engine's load)",
        _cold_start,
        "at most", 1.0, "cold-start",
    ),
)  # fmt: skip

"""A load test in numbers, under the names that `vllm bench serve` gives them."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from picoserve.client.answer import Answer
from picoserve.client.load import LoadRun

PERCENTILES: Final = (50, 90, 99)
LATENCIES: Final[Mapping[str, str]] = {
    "ttft": "Time to first token",
    "tpot": "Time per output token, after the first",
    "itl": "Time between two parts",
    "e2el": "End to end",
}
GOALS: Final = frozenset({"ttft", "tpot", "e2el"})


def latencies_ms(answers: Sequence[Answer]) -> dict[str, list[float]]:
    """Every measured time, by name."""
    return {
        "ttft": _ms(answer.first_token_seconds for answer in answers),
        "tpot": _ms(answer.seconds_per_token for answer in answers),
        "itl": _ms(gap for answer in answers for gap in answer.gaps),
        "e2el": _ms(answer.seconds for answer in answers),
    }


def summary(run: LoadRun, goals_ms: Mapping[str, float]) -> dict[str, object]:
    """All numbers of a run.

    Args:
        goals_ms: The longest `ttft`, `tpot` and `e2el` of a request that counts as good.
    """
    seconds = run.seconds or math.inf
    given = sum(answer.prompt_tokens for answer in run.answers)
    made = sum(answer.tokens for answer in run.answers)
    numbers: dict[str, object] = {
        "model_id": run.load.model,
        "num_prompts": run.load.requests,
        "max_concurrency": run.load.concurrency,
        "request_rate": run.load.rate or "inf",
        "duration": round(run.seconds, 4),
        "completed": len(run.answers),
        "failed": run.failed,
        "unfinished": run.unfinished,
        "total_input_tokens": given,
        "total_output_tokens": made,
        "request_throughput": round(len(run.answers) / seconds, 3),
        "output_throughput": round(made / seconds, 2),
        "total_token_throughput": round((given + made) / seconds, 2),
    }
    if goals_ms:
        good = sum(_meets(answer, goals_ms) for answer in run.answers)
        numbers["request_goodput"] = round(good / seconds, 3)
    for name, values in latencies_ms(run.answers).items():
        numbers |= _spread(name, values)
    return numbers | {"errors": dict(run.errors)}


def percentile(values: Sequence[float], percent: float) -> float:
    """A percentile of sorted values, between two of them where it falls between."""
    place = (len(values) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def _spread(name: str, values: Sequence[float]) -> dict[str, object]:
    if not values:
        return {}
    ordered = sorted(values)
    middle = {
        f"mean_{name}_ms": statistics.fmean(ordered),
        f"median_{name}_ms": statistics.median(ordered),
        f"std_{name}_ms": statistics.pstdev(ordered),
    }
    tails = {f"p{p}_{name}_ms": percentile(ordered, p) for p in PERCENTILES}
    return {key: round(value, 3) for key, value in (middle | tails).items()}


def _meets(answer: Answer, goals_ms: Mapping[str, float]) -> bool:
    measured = latencies_ms([answer])
    return bool(answer.arrivals) and all(
        value <= goal for name, goal in goals_ms.items() for value in measured[name]
    )


def _ms(seconds: Iterable[float | None]) -> list[float]:
    return [value * 1000 for value in seconds if value is not None]

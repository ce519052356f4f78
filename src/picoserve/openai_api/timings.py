"""Where the time of an answer went, in the words of llama.cpp's server."""

from collections.abc import Sequence

from picoserve.generation import Finish


def timings_object(finishes: Sequence[Finish]) -> dict[str, object]:
    """Counts and times of an answer; those of several choices are added up.

    `prompt_n` counts what was evaluated and `cache_n` what was not evaluated again.
    """
    cached = sum(finish.usage.cached_tokens or 0 for finish in finishes)
    prompt = sum(finish.usage.prompt_tokens for finish in finishes) - cached
    reply = sum(finish.usage.completion_tokens for finish in finishes)
    timings = [finish.timings for finish in finishes if finish.timings]
    return {
        "queue_ms": _ms(sum(times.wait_seconds for times in timings)),
        "cache_n": cached,
        **_part("prompt", prompt, sum(times.prompt_seconds for times in timings)),
        **_part("predicted", reply, sum(times.reply_seconds for times in timings)),
    }


def _part(name: str, tokens: int, seconds: float) -> dict[str, object]:
    return {
        f"{name}_n": tokens,
        f"{name}_ms": _ms(seconds),
        f"{name}_per_token_ms": _ms(seconds / tokens) if tokens else 0.0,
        f"{name}_per_second": round(tokens / seconds, 3) if seconds else 0.0,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)

"""Durations as OpenAI spells them in `x-ratelimit-reset-…`: `174ms`, `1s`, `6m0s`, `1h0m0s`."""

import math


def spelled_duration(seconds: float) -> str:
    """The duration, rounded up to milliseconds."""
    milliseconds = max(0, math.ceil(round(seconds * 1000, 3)))
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text

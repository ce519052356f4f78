"""Token counts as OpenAI writes them."""

from collections.abc import Iterable

from picoserve.generation import Usage


def usage_object(usages: Iterable[Usage]) -> dict[str, object]:
    """Counts for one answer: the prompt once, every choice's completion.

    `cached_tokens` is there only where the engine says how many it reused.
    """
    counts = list(usages)
    prompt = max((usage.prompt_tokens for usage in counts), default=0)
    completion = sum(usage.completion_tokens for usage in counts)
    known = [usage.cached_tokens for usage in counts if usage.cached_tokens is not None]
    body: dict[str, object] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if known:
        body["prompt_tokens_details"] = {"cached_tokens": max(known)}
    return body

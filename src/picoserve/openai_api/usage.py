"""Token counts as OpenAI writes them."""

from collections.abc import Iterable

from picoserve.generation import Usage


def usage_object(usages: Iterable[Usage], prompts: int = 1) -> dict[str, object]:
    """Counts for one answer: each prompt once, every choice's completion.

    `cached_tokens` is there only where the engine says how many it reused.

    Args:
        usages: One per choice, in the choices' order.
        prompts: How many prompts share the choices evenly.
    """
    counts = list(usages)
    share = max(1, len(counts) // prompts)
    firsts = range(0, len(counts), share)
    prompt = sum(max(usage.prompt_tokens for usage in counts[i : i + share]) for i in firsts)
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

"""Token counts as OpenAI writes them."""

from collections.abc import Iterable

from picoserve.generation import Usage


def total_usage(usages: Iterable[Usage], prompts: int = 1) -> Usage:
    """Counts for one answer: each prompt once, every choice's completion.

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
    return Usage(prompt, completion, max(known, default=None))


def usage_object(usages: Iterable[Usage], prompts: int = 1) -> dict[str, object]:
    """The total as OpenAI writes it.

    `cached_tokens` is there only where the engine says how many it reused.
    """
    total = total_usage(usages, prompts)
    body: dict[str, object] = {
        "prompt_tokens": total.prompt_tokens,
        "completion_tokens": total.completion_tokens,
        "total_tokens": total.prompt_tokens + total.completion_tokens,
    }
    if total.cached_tokens is not None:
        body["prompt_tokens_details"] = {"cached_tokens": total.cached_tokens}
    return body

"""Log probabilities as OpenAI writes them."""

from collections.abc import Iterable

from picoserve.generation import TokenLogprob


def logprob_items(tokens: Iterable[TokenLogprob], top: int) -> list[dict[str, object]]:
    """One object per token; `bytes` are exact where `token` had to be replaced.

    Args:
        top: Alternatives per token.
    """
    return [
        {
            **_item(token.token, token.logprob),
            "top_logprobs": [_item(choice.token, choice.logprob) for choice in token.top[:top]],
        }
        for token in tokens
    ]


def _item(token: bytes, logprob: float) -> dict[str, object]:
    return {
        "token": token.decode("utf-8", errors="replace"),
        "logprob": logprob,
        "bytes": list(token),
    }

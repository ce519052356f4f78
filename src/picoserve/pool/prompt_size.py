"""How long a prompt is in tokens, before an engine has counted them."""

from typing import Final

# OpenAI's rule of thumb for English text, by which it estimates requests for its own limits.
_BYTES_PER_TOKEN: Final = 4


def estimated_tokens(text: str) -> int:
    """A token for every four bytes, at least one."""
    return max(1, -(-len(text.encode()) // _BYTES_PER_TOKEN))

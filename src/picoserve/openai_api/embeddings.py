"""`POST /v1/embeddings`: the body, and the answer (OpenAI's OpenAPI description 2.3.0)."""

import base64
import sys
from array import array
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from pydantic import Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.request_body import RequestBody

_MAX_INPUTS = 2048

Inputs = Annotated[Several[str], Field(min_length=1, max_length=_MAX_INPUTS)]
Tokens = Annotated[Several[int], Field(min_length=1, max_length=_MAX_INPUTS)]
ManyTokens = Annotated[Several[Several[int]], Field(min_length=1, max_length=_MAX_INPUTS)]


class EmbeddingsRequest(RequestBody):
    """An embeddings request."""

    model: str
    input: str | Inputs | Tokens | ManyTokens
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: str | None = None


def embeddings_answer(
    request: EmbeddingsRequest, vectors: Sequence[bytes], prompt_tokens: int
) -> bytes:
    """The answer as JSON.

    Args:
        vectors: One per input, in order, as little-endian 32-bit floats.
        prompt_tokens: Of all inputs together.
    """
    as_text = request.encoding_format == "base64"
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": base64.b64encode(vector).decode() if as_text else _floats(vector),
                }
                for index, vector in enumerate(vectors)
            ],
            "model": request.model,
            "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
        }
    )


def _floats(vector: bytes) -> list[float]:
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tolist()

"""The body of `POST /v1/completions`."""

from typing import Annotated, Final, TypeVar

from pydantic import Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.sampling import SamplingFields

ItemT = TypeVar("ItemT")

_MOST_PROMPTS: Final = 2048
Tokens = Annotated[Several[int], Field(min_length=1)]
Prompts = Annotated[Several[ItemT], Field(min_length=1, max_length=_MOST_PROMPTS)]


class CompletionRequest(SamplingFields):
    """A text completion request: the prompt is continued as it is."""

    prompt: str | Prompts[str] | Tokens | Prompts[Several[int]]
    best_of: int | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: str | None = None
    service_tier: str | None = None
    priority: int | None = None

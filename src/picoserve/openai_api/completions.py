"""The body of `POST /v1/completions`."""

from typing import Annotated, TypeVar

from pydantic import Field

from picoserve.openai_api.sampling import SamplingFields

ItemT = TypeVar("ItemT")
NonEmpty = Annotated[list[ItemT], Field(min_length=1)]


class CompletionRequest(SamplingFields):
    """A text completion request: the prompt is continued as it is."""

    prompt: str | NonEmpty[str] | NonEmpty[int] | NonEmpty[list[int]]
    best_of: int | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: str | None = None
    service_tier: str | None = None
    priority: int | None = None

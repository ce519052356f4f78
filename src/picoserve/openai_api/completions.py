"""The body of `POST /v1/completions`."""

from typing import Annotated

from pydantic import Field

from picoserve.openai_api.sampling import SamplingFields


class CompletionRequest(SamplingFields):
    """A text completion request: the prompt is continued as it is."""

    prompt: str | Annotated[list[str], Field(min_length=1)] | list[int] | list[list[int]]
    best_of: int | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: str | None = None
    service_tier: str | None = None
    priority: int | None = None

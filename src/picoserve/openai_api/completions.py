"""The body of `POST /v1/completions`."""

from typing import Annotated, ClassVar, Final, TypeVar

from pydantic import Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.sampling import SamplingFields

ItemT = TypeVar("ItemT")

_MOST_PROMPTS: Final = 2048
Tokens = Annotated[Several[int], Field(min_length=1)]
Prompts = Annotated[Several[ItemT], Field(min_length=1, max_length=_MOST_PROMPTS)]

FORM_FIELDS: Final = (
    "response_format",
    "tools",
    "functions",
    "structured_outputs",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "json_schema",
    "regex",
    "grammar",
    "ebnf",
)
"""Fields of chat that ask for a form, which no text completion has here: refused unless empty."""


class CompletionRequest(SamplingFields):
    """A text completion request: the prompt is continued as it is, and in no set form."""

    known_extras: ClassVar[frozenset[str]] = frozenset(FORM_FIELDS)

    prompt: str | Prompts[str] | Tokens | Prompts[Several[int]]
    best_of: int | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: str | None = None
    service_tier: str | None = None
    priority: int | None = None

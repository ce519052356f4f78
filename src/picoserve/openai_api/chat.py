"""The body of `POST /v1/chat/completions` (OpenAI's OpenAPI description 2.3.0)."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from picoserve.openai_api.fields import KNOWN_FIELDS
from picoserve.openai_api.lists import Several, check_conversation
from picoserve.openai_api.messages import Message
from picoserve.openai_api.sampling import Count, SamplingFields
from picoserve.openai_api.structured_outputs import StructuredOutputs
from picoserve.openai_api.tools import FunctionDefinition, ResponseFormat, Tool, ToolChoice


class ChatRequest(SamplingFields):
    """A chat completion request.

    Fields that are accepted and change nothing are listed in `openai_api.fields`, as are those
    that are refused; they are read from `model_extra`.
    """

    known_extras: ClassVar[frozenset[str]] = KNOWN_FIELDS

    messages: Annotated[
        Several[Message],
        BeforeValidator(check_conversation),
        Field(min_length=1),
    ]
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[Several[Tool], Field(max_length=128)] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[Several[FunctionDefinition], Field(max_length=128)] | None = None
    function_call: Literal["none", "auto"] | dict[str, object] | None = None
    structured_outputs: StructuredOutputs | None = None
    guided_json: dict[str, object] | bool | None = None
    guided_regex: str | None = None
    guided_choice: Several[str] | None = None
    guided_grammar: str | None = None
    json_schema: dict[str, object] | bool | None = None
    regex: str | None = None
    modalities: Several[str] | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    priority: int | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: dict[str, bool | int | float | str | None] | None = None

    @property
    def token_limit(self) -> int | None:
        """Most tokens to generate; the newer field wins."""
        return self.max_completion_tokens or self.max_tokens

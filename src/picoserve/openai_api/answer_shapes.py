"""What answers look like: the types that the OpenAPI description is made from.

The encoders write JSON straight from events, so nothing here runs for a request. Tests hold real
answers against these shapes, with no field more and none less.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class ErrorObject(TypedDict):
    """What went wrong; `param` is the request field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(TypedDict):
    """The body of every answer with a status of 400 and above; also an event of a stream."""

    error: ErrorObject


class PromptTokensDetails(TypedDict):
    """How many of the prompt's tokens the engine had in its context already."""

    cached_tokens: int


class UsageObject(TypedDict):
    """Token counts; the details are there where the engine tells them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: NotRequired[PromptTokensDetails]


class TimingsObject(TypedDict):
    """Where the time went, in llama.cpp's words; there where the request has `timings`."""

    queue_ms: float
    cache_n: int
    prompt_n: int
    prompt_ms: float
    prompt_per_token_ms: float
    prompt_per_second: float
    predicted_n: int
    predicted_ms: float
    predicted_per_token_ms: float
    predicted_per_second: float


class TopLogprob(TypedDict):
    """A token that could have stood there; `bytes` are exact where `token` had to be replaced."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprobItem(TopLogprob):
    """A token of the answer and the likeliest others."""

    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(TypedDict):
    """Log probabilities of a choice's tokens."""

    content: list[TokenLogprobItem]
    refusal: None


class CalledFunction(TypedDict):
    """Name and arguments of a call; the arguments are JSON text."""

    name: str
    arguments: str


class ToolCallObject(TypedDict):
    """A call that the model wants."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(TypedDict):
    """The reply; `reasoning_content` is what the model thought before it."""

    role: Literal["assistant"]
    content: str | None
    reasoning_content: NotRequired[str]
    refusal: None
    tool_calls: NotRequired[list[ToolCallObject]]
    function_call: NotRequired[CalledFunction]


FinishWord = Literal["stop", "length", "tool_calls", "function_call"]


class ChatChoice(TypedDict):
    """One of `n` replies."""

    index: int
    message: AnswerMessage
    logprobs: ChoiceLogprobs | None
    finish_reason: FinishWord


class ChatCompletion(TypedDict):
    """The answer to a chat request."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: UsageObject
    timings: NotRequired[TimingsObject]


class FunctionDelta(TypedDict):
    """More of a call; the name comes once."""

    name: NotRequired[str]
    arguments: str


class ToolCallDeltaObject(TypedDict):
    """More of one of the calls; id and type come once."""

    index: int
    id: NotRequired[str]
    type: NotRequired[Literal["function"]]
    function: FunctionDelta


class MessageDelta(TypedDict):
    """What has been added to the reply."""

    role: NotRequired[Literal["assistant"]]
    content: NotRequired[str]
    reasoning_content: NotRequired[str]
    refusal: NotRequired[None]
    tool_calls: NotRequired[list[ToolCallDeltaObject]]
    function_call: NotRequired[FunctionDelta]


class ChunkChoice(TypedDict):
    """News of one of `n` replies."""

    index: int
    delta: MessageDelta
    logprobs: ChoiceLogprobs | None
    finish_reason: FinishWord | None


class ChatCompletionChunk(TypedDict):
    """One event of a streamed answer; `usage` is there where the request wants it."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: NotRequired[UsageObject | None]
    timings: NotRequired[TimingsObject]


class CompletionLogprobs(TypedDict):
    """Log probabilities in the older shape: parallel lists."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(TypedDict):
    """One of `n` continuations; in a stream what has been added to it."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: Literal["stop", "length"] | None


class TextCompletion(TypedDict):
    """The answer to a completion request; in a stream one event of it."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    usage: NotRequired[UsageObject | None]
    timings: NotRequired[TimingsObject]


class EmbeddingObject(TypedDict):
    """The vector of one input; text where base64 was asked for."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(TypedDict):
    """Tokens of all inputs."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(TypedDict):
    """The vectors, in the order of the inputs."""

    object: Literal["list"]
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingsUsage


class ContextObject(TypedDict):
    """A saved context; `problem` says what to do about one that is not ready."""

    id: str
    object: Literal["context"]
    created: int
    model: str
    name: str
    prompt_tokens: int
    bytes: int
    status: Literal["ready", "broken", "stale"]
    problem: str | None


class ContextList(TypedDict):
    """Every saved context, oldest first."""

    object: Literal["list"]
    data: list[ContextObject]


class ContextDeleted(TypedDict):
    """The context is gone."""

    id: str
    object: Literal["context"]
    deleted: Literal[True]


class ModelObject(TypedDict):
    """A model under one of its names; the last two are there once it has loaded."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    description: NotRequired[str]
    max_model_len: NotRequired[int]
    capabilities: NotRequired[list[str]]


class ModelList(TypedDict):
    """All names of all models."""

    object: Literal["list"]
    data: list[ModelObject]


class TokensAnswer(TypedDict):
    """Tokens of a text; `tokens` is null where the engine tells the count only."""

    count: int
    max_model_len: int
    tokens: list[int] | None


class InputTokensAnswer(TypedDict):
    """How many tokens a chat request comes to."""

    object: Literal["response.input_tokens"]
    input_tokens: int


class RenderedPrompt(TypedDict):
    """The text that the engine reads and the phrases that end its reply."""

    model: str
    prompt: str
    stop: list[str]

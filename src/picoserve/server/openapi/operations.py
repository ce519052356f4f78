"""What each address takes and answers. A route without a row here fails the tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from picoserve.errors import (
    AuthenticationError,
    EngineFailedError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    PicoserveError,
    RateLimitError,
    RequestTimeoutError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from picoserve.openai_api import answer_shapes as shapes
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.completions import CompletionRequest
from picoserve.openai_api.contexts import ContextRequest
from picoserve.openai_api.embeddings import EmbeddingsRequest
from picoserve.openai_api.tokens import TokenizeRequest
from picoserve.server.openapi import health_shapes as health

Guard = Literal["open", "key", "admin", "metrics"]
Shape = Any
"""A type that pydantic can describe."""

GENERATION: Final = "Generation"
TOKENS: Final = "Tokens"
CONTEXTS: Final = "Saved contexts"
MODELS: Final = "Models"
OPERATION: Final = "Operation"
TAGS: Final = (
    (GENERATION, "Text and vectors from the engines."),
    (TOKENS, "What a request comes to, without generating."),
    (CONTEXTS, "Beginnings of prompts, read once and saved for every picoLLM engine of a model."),
    (MODELS, "What can be asked."),
    (OPERATION, "For those who run the server."),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    Attributes:
        answers: By status: a type, or media types where the body is no JSON.
        body: Types of the request's body; it may be any of them.
        event: What one event of the stream carries, where the request may ask for one.
        errors: What may go wrong; status and text come from the classes.
        placed: Headers choose the place in the line.
        guard: What opens it once a key is configured.
    """

    tag: str
    answers: Mapping[int, Shape]
    body: Sequence[Shape] = ()
    event: Shape = None
    errors: Sequence[type[PicoserveError]] = ()
    placed: bool = False
    guard: Guard = "key"
    headers: Sequence[str] = field(default=())


_BODY_ERRORS: Final = (
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    RateLimitError,
    RequestTimeoutError,
)
_ENGINE_ERRORS: Final = (*_BODY_ERRORS, EngineFailedError, UnavailableError)

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = MappingProxyType(
    {
        ("post", "/v1/chat/completions"): Operation(
            GENERATION,
            {200: shapes.ChatCompletion},
            body=[ChatRequest],
            event=shapes.ChatCompletionChunk,
            errors=_ENGINE_ERRORS,
            placed=True,
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/v1/completions"): Operation(
            GENERATION,
            {200: shapes.TextCompletion},
            body=[CompletionRequest],
            event=shapes.TextCompletion,
            errors=_ENGINE_ERRORS,
            placed=True,
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/v1/embeddings"): Operation(
            GENERATION,
            {200: shapes.EmbeddingsAnswer},
            body=[EmbeddingsRequest],
            errors=_ENGINE_ERRORS,
            placed=True,
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/tokenize"): Operation(
            TOKENS,
            {200: shapes.TokensAnswer},
            body=[TokenizeRequest, ChatRequest],
            errors=_ENGINE_ERRORS,
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/v1/chat/completions/input_tokens"): Operation(
            TOKENS,
            {200: shapes.InputTokensAnswer},
            body=[ChatRequest],
            errors=_ENGINE_ERRORS,
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/v1/chat/completions/render"): Operation(
            TOKENS,
            {200: shapes.RenderedPrompt},
            body=[ChatRequest],
            errors=(*_BODY_ERRORS, UnavailableError),
            headers=["x-picoserve-ignored"],
        ),
        ("post", "/v1/contexts"): Operation(
            CONTEXTS,
            {200: shapes.ContextObject},
            body=[ContextRequest],
            errors=_ENGINE_ERRORS,
            headers=["x-picoserve-ignored"],
        ),
        ("get", "/v1/contexts"): Operation(
            CONTEXTS, {200: shapes.ContextList}, errors=[NotFoundError]
        ),
        ("get", "/v1/contexts/{context_id}"): Operation(
            CONTEXTS, {200: shapes.ContextObject}, errors=[NotFoundError]
        ),
        ("delete", "/v1/contexts/{context_id}"): Operation(
            CONTEXTS, {200: shapes.ContextDeleted}, errors=[NotFoundError]
        ),
        ("get", "/v1/models"): Operation(MODELS, {200: shapes.ModelList}),
        ("get", "/v1/models/{model_id}"): Operation(
            MODELS, {200: shapes.ModelObject}, errors=[NotFoundError]
        ),
        ("get", "/health/live"): Operation(OPERATION, {200: health.Alive}, guard="open"),
        ("get", "/health/ready"): Operation(
            OPERATION, {200: health.Readiness, 503: health.Readiness}, guard="open"
        ),
        ("get", "/health"): Operation(
            OPERATION, {200: health.Health, 503: health.Health}, guard="open"
        ),
        ("get", "/metrics"): Operation(
            OPERATION, {200: ("text/plain", "application/openmetrics-text")}, guard="metrics"
        ),
        ("post", "/admin/engines/{name}/restart"): Operation(
            OPERATION, {202: health.Restarting}, errors=[NotFoundError], guard="admin"
        ),
        ("get", "/openapi.json"): Operation(OPERATION, {200: dict[str, object]}),
    }
)


def error_classes(operation: Operation) -> list[type[PicoserveError]]:
    """What may go wrong with it, a missing key included."""
    guarded = [] if operation.guard == "open" else [AuthenticationError]
    return [*guarded, *operation.errors]

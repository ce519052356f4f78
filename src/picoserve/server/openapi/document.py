"""The OpenAPI 3.1 document: addresses from the routes, the rest from the table of operations.

The schemas of request bodies are made from the very types that validate requests. Nothing of this
runs before somebody asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from starlette.routing import BaseRoute
from typing_extensions import override

from picoserve import __version__
from picoserve.errors import PicoserveError, RateLimitError
from picoserve.openai_api.answer_shapes import ErrorAnswer
from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.fields import CHAT_FIELDS
from picoserve.server.openapi.operations import OPERATIONS, TAGS, Operation, Shape, error_classes

_REF: Final = "#/components/schemas/{model}"
_ABOUT: Final = (
    "An OpenAI-compatible inference server over a pool of engines. Errors carry OpenAI's error "
    "object. Every address but those of health needs a key once one is configured. Request "
    "fields that an address does not know are ignored and named in `x-picoserve-ignored`, or "
    "refused, as the server is configured."
)
_GUARDS: Final = {
    "key": ("An API key, or a LiveKit access token with the grant `inference.perform`.", "JWT"),
    "admin": ("An admin key.", ""),
    "metrics": ("A key for metrics, where there are such; else as everywhere.", ""),
}
_HEADERS: Final = {
    "x-request-id": "The request's id: the client's own where it sent a harmless one.",
    "openai-processing-ms": "Milliseconds until the answer began.",
    "retry-after": "Seconds after which trying again makes sense.",
    "x-picoserve-ignored": "Fields of the request that changed nothing.",
    "x-ratelimit-limit-requests": "The key's requests in a minute, where they are limited.",
    "x-ratelimit-remaining-requests": "How many of them are left.",
    "x-ratelimit-reset-requests": "When all of them will be there again: `1s`, `6m0s`.",
    "x-ratelimit-limit-tokens": "The key's tokens in a minute, where they are limited.",
    "x-ratelimit-remaining-tokens": "How many of them are left.",
    "x-ratelimit-reset-tokens": "When all of them will be there again.",
}
_LIMITS: Final = tuple(name for name in _HEADERS if name.startswith("x-ratelimit-"))
_TRY_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_PLACING: Final = {
    "x-livekit-inference-priority": "`priority`, `standard` or `low`: the class in the line.",
    "x-livekit-room-id": "Breaks ties between engines.",
    "x-picoserve-max-wait": "Longest wait in the line, in seconds; then it is a 503.",
}


class _Schemas(GenerateJsonSchema):
    """Without titles that only repeat a field's name."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def openapi_document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Describe these routes.

    Raises:
        KeyError: A route has no row in the table of operations.
    """
    document = get_openapi(
        title="picoserve",
        version=__version__,
        description=_ABOUT,
        routes=routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
    )
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            _complete(described, OPERATIONS[method, path])
    document["components"] = {
        "schemas": _schemas(),
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS.items()
        },
        "securitySchemes": {
            name: {"type": "http", "scheme": "bearer", "description": text}
            | ({"bearerFormat": form} if form else {})
            for name, (text, form) in _GUARDS.items()
        },
    }
    return document


def _complete(described: dict[str, Any], operation: Operation) -> None:
    """Write into FastAPI's description what only the table knows."""
    described["tags"] = [operation.tag]
    described["summary"] = described["description"].partition("\n")[0].rstrip(".")
    if operation.guard != "open":
        # Without a configured key everything but administration is open.
        described["security"] = [{operation.guard: []}]
        if operation.guard != "admin":
            described["security"].append({})
    if operation.placed:
        described["parameters"] = [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in _PLACING.items()
        ]
    if operation.body:
        body = {"application/json": {"schema": _any_of(operation.body)}}
        described["requestBody"] = {"required": True, "content": body}
    answers = _answers(operation) | _errors(error_classes(operation))
    described["responses"] = dict(sorted(answers.items()))


def _answers(operation: Operation) -> dict[str, Any]:
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": _headers(
                "x-request-id",
                "openai-processing-ms",
                *operation.headers,
                *(_LIMITS if RateLimitError in operation.errors else ()),
            ),
            "content": _content(shape, operation.event),
        }
        for status, shape in operation.answers.items()
    }


def _content(shape: Shape, event: Shape) -> dict[str, Any]:
    if isinstance(shape, tuple):
        return {media_type: {"schema": {"type": "string"}} for media_type in shape}
    content: dict[str, Any] = {"application/json": {"schema": _reference(shape)}}
    if event is not None:
        content["text/event-stream"] = {"schema": _event(event)}
    return content


def _event(shape: Shape) -> dict[str, Any]:
    """One event of a stream, as OpenAPI 3.2 writes it down for the items of a stream."""
    return {
        "type": "object",
        "description": f"With `stream`: events whose data is a `{shape.__name__}` or an "
        "`ErrorAnswer`, comments between them, `[DONE]` at the end.",
        "properties": {
            "data": {
                "anyOf": [
                    {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": _any_of([shape, ErrorAnswer]),
                    },
                    {"const": "[DONE]"},
                ]
            }
        },
        "required": ["data"],
    }


def _errors(classes: Iterable[type[PicoserveError]]) -> dict[str, Any]:
    return {
        str(error.status): {
            "description": _of_error(error),
            "headers": _headers(
                "x-request-id",
                *(["retry-after"] if error.status in _TRY_AGAIN else []),
                *(_LIMITS if error is RateLimitError else ()),
            ),
            "content": {"application/json": {"schema": _reference(ErrorAnswer)}},
        }
        for error in classes
    }


def _of_error(error: type[PicoserveError]) -> str:
    codes = [kind.default_code for kind in (error, *error.__subclasses__()) if kind.default_code]
    known = f" Codes: {', '.join(f'`{code}`' for code in codes)}." if codes else ""
    return f"{_first_paragraph(error.__doc__ or '')}{known}"


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _any_of(shapes: Sequence[Shape]) -> dict[str, Any]:
    references = [_reference(shape) for shape in shapes]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _reference(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, type):
        return {"$ref": _REF.format(model=shape.__name__)}
    return {"type": "object"}


def _schemas() -> dict[str, JsonSchemaValue]:
    """Every type that a row names, and what these are made of."""
    shapes: dict[str, Shape] = {ErrorAnswer.__name__: ErrorAnswer}
    for operation in OPERATIONS.values():
        for shape in (*operation.body, *operation.answers.values(), operation.event):
            if isinstance(shape, type):
                shapes[shape.__name__] = shape
    _, made = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(shape)) for name, shape in shapes.items()],
        ref_template=_REF,
        schema_generator=_Schemas,
    )
    schemas: dict[str, JsonSchemaValue] = made["$defs"]
    for schema in schemas.values():
        schema["description"] = _first_paragraph(schema.get("description", ""))
    _tell_of_fields(schemas[ChatRequest.__name__]["properties"])
    return schemas


def _tell_of_fields(properties: dict[str, Any]) -> None:
    """What the one table of request fields says of each."""
    for field in CHAT_FIELDS:
        note = f": {field.note}" if field.note else ""
        described: Mapping[str, Any] = properties.get(field.name, {})
        properties[field.name] = {**described, "description": f"{field.treatment}{note}"}


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())

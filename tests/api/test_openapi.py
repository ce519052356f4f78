"""The description of the server: valid, complete, and true of real answers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.models import MODEL
from tests.support.server import RunningServer
from tests.support.wire import chat_body, completion_body, stream_chunks

from picoserve.openai_api.chat import ChatRequest
from picoserve.openai_api.fields import KNOWN_FIELDS

CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
CALL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def document(server: RunningServer) -> dict[str, Any]:
    described: dict[str, Any] = server.get("/openapi.json").json()
    return described


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def closed(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The schema of an answer, refusing fields that it does not name."""
    schemas = json.loads(json.dumps(document["components"]["schemas"]))
    for schema in schemas.values():
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}


def test_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_says_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    identities = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(set(identities)) == len(identities) >= 14
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert set(operation["tags"]) <= tags, path
        assert any(status.startswith("2") for status in operation["responses"]), path
        assert ("requestBody" in operation) == (method == "post" and "/admin/" not in path), path
        assert ("401" in operation["responses"]) == (not path.startswith("/health")), path
        for status, answer in operation["responses"].items():
            assert answer["content"], (path, status)


def test_every_route_that_answers_is_described(http: httpx.Client, document: Any) -> None:
    """Asked for what it does not describe, the server has nothing there."""
    described = {(method, path) for method, path, _ in operations(document)}

    for method, path in described:
        asked = path.replace("{model_id}", "tiny").replace("{name}", "no-engine")
        response = http.request(method, asked)
        assert response.status_code not in {405, 500}, path
        assert "Invalid URL" not in response.text


def test_request_schema_is_that_of_the_types_that_validate(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["ChatRequest"]

    assert schema["required"] == ["model", "messages"]
    assert set(schema["properties"]) == KNOWN_FIELDS | set(ChatRequest.model_fields)
    for field in KNOWN_FIELDS:
        assert schema["properties"][field]["description"], field


ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    (CHAT, chat_body(max_tokens=4), "ChatCompletion"),
    (CHAT, chat_body(max_tokens=4, n=2, timings=True), "ChatCompletion"),
    (CHAT, chat_body(max_tokens=4, logprobs=True, top_logprobs=2), "ChatCompletion"),
    (CHAT, chat_body(tools=[CALL], tool_choice="required"), "ChatCompletion"),
    (
        CHAT,
        chat_body(functions=[{"name": "look"}], function_call={"name": "look"}),
        "ChatCompletion",
    ),
    (CHAT, chat_body(temperature=9), "ErrorAnswer"),
    (TEXT, completion_body(max_tokens=4, logprobs=2, timings=True), "TextCompletion"),
    ("/tokenize", completion_body(), "TokensAnswer"),
    (f"{CHAT}/input_tokens", chat_body(), "InputTokensAnswer"),
    (f"{CHAT}/render", chat_body(), "RenderedPrompt"),
]


@pytest.mark.parametrize(("path", "body", "shape"), ANSWERS)
def test_answer_has_the_shape_that_is_described(
    http: httpx.Client, document: dict[str, Any], path: str, body: dict[str, Any], shape: str
) -> None:
    answer = http.post(path, json=body).json()

    jsonschema.validate(answer, closed(document, shape))


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/models", "ModelList"),
        (f"/v1/models/{MODEL}", "ModelObject"),
        ("/v1/models/none", "ErrorAnswer"),
        ("/health/live", "Alive"),
        ("/health/ready", "Readiness"),
        ("/health", "Health"),
    ],
)
def test_what_is_read_has_the_shape_that_is_described(
    http: httpx.Client, document: dict[str, Any], path: str, shape: str
) -> None:
    jsonschema.validate(http.get(path).json(), closed(document, shape))


@pytest.mark.parametrize(
    ("path", "body", "shape"),
    [
        (CHAT, chat_body(max_tokens=4, logprobs=True), "ChatCompletionChunk"),
        (CHAT, chat_body(max_tokens=4, timings=True), "ChatCompletionChunk"),
        (CHAT, chat_body(stream_options={"include_usage": True}), "ChatCompletionChunk"),
        (CHAT, chat_body(tools=[CALL], tool_choice="required"), "ChatCompletionChunk"),
        (TEXT, completion_body(max_tokens=4, timings=True), "TextCompletion"),
    ],
)
def test_every_event_of_a_stream_has_the_shape_that_is_described(
    http: httpx.Client, document: dict[str, Any], path: str, body: dict[str, Any], shape: str
) -> None:
    schema = closed(document, shape)

    for chunk in stream_chunks(http, path, body):
        jsonschema.validate(chunk, schema)


def test_start_up_does_not_pay_for_it() -> None:
    code = "import sys, picoserve.app.factory; print(*sys.modules)"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(result.stdout.split())
    assert "picoserve.server.openapi.description" in loaded
    assert not loaded & {"picoserve.server.openapi.document", "picoserve.server.openapi.page"}


def test_page_tells_of_every_operation_and_shape(
    http: httpx.Client, document: dict[str, Any]
) -> None:
    page = http.get("/docs").text

    for _, path, operation in operations(document):
        assert f"<code>{path}</code>" in page
        assert f'id="{operation["operationId"]}"' in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    assert "<script" not in page

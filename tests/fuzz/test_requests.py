"""Whatever is asked, the server answers: in time, in shape, and without an error of its own."""

import json
from collections.abc import Generator
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from tests.fuzz import strategies
from tests.fuzz.amount import SECONDS, examples
from tests.support.models import MODEL
from tests.support.server import RunningServer
from tests.support.wire import error_of, read_chunks

pytestmark = pytest.mark.timeout(SECONDS)
# Far above what anything here takes; a request that hangs is told by it.
ANSWER_SECONDS: Final = 20


@pytest.fixture(scope="module")
def client(target: RunningServer) -> Generator[httpx.Client, None, None]:
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=target.url, timeout=ANSWER_SECONDS, headers=headers) as client:
        yield client


def check(client: httpx.Client, path: str, body: Any) -> None:
    """Ask, and hold the answer to what every answer has to be."""
    response = client.post(path, content=json.dumps(body))

    if response.status_code != 200:
        assert response.status_code in {400, 404, 413}, response.text
        assert error_of(response)["type"] == "invalid_request_error"
    elif response.headers["content-type"].startswith("text/event-stream"):
        assert not any("error" in chunk for chunk in read_chunks(response.content))
    else:
        assert response.json()


@examples(40)
@given(body=strategies.chat_requests("pico"))
def test_chat_on_picollm(client: httpx.Client, body: Any) -> None:
    check(client, "/v1/chat/completions", body)


@examples(20)
@given(body=strategies.chat_requests(MODEL))
def test_chat_on_llamacpp(client: httpx.Client, body: Any) -> None:
    check(client, "/v1/chat/completions", body)


@examples(15)
@given(body=strategies.completion_requests(MODEL))
def test_completions(client: httpx.Client, body: Any) -> None:
    check(client, "/v1/completions", body)


@examples(20)
@given(body=strategies.chat_requests("pico"))
def test_rendering(client: httpx.Client, body: Any) -> None:
    check(client, "/v1/chat/completions/render", body)


@examples(20)
@given(body=strategies.json_values())
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/tokenize"])
def test_any_json(client: httpx.Client, path: str, body: Any) -> None:
    check(client, path, body)

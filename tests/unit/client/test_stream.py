from time import perf_counter

import pytest
from tests.support.models import MODEL
from tests.support.server import RunningServer
from tests.support.wire import chat_body

from picoserve.client.answer import Answer
from picoserve.client.endpoint import CallError, Endpoint, endpoint_for, first_model
from picoserve.client.stream import stream_chat


async def test_what_is_streamed_is_the_answer(server: RunningServer) -> None:
    answer = Answer(perf_counter())
    async with endpoint_for(server.base_url).client() as client:
        assert await first_model(client) == MODEL
        pieces = [
            piece async for piece in stream_chat(client, chat_body("Hello!", max_tokens=8), answer)
        ]

    assert "".join(pieces) == answer.text
    assert answer.tokens <= 8
    assert answer.prompt_tokens > 0
    assert answer.finish in {"stop", "length"}
    assert answer.seconds is not None


async def test_a_refusal_is_told_in_the_servers_words(server: RunningServer) -> None:
    body = chat_body(model="nobody")
    async with Endpoint(server.base_url).client() as client:
        with pytest.raises(CallError, match=r"HTTP 404: .*nobody"):
            _ = [piece async for piece in stream_chat(client, body, Answer(0.0))]


async def test_an_address_without_the_path_is_a_refusal_too(server: RunningServer) -> None:
    async with Endpoint(server.url).client() as client:
        with pytest.raises(CallError, match="HTTP 404"):
            await first_model(client)

"""A chat completion as an event stream, read part by part."""

import json
from collections.abc import AsyncGenerator, Mapping
from time import perf_counter
from typing import Any, Final

import httpx

from picoserve.client.answer import Answer
from picoserve.client.endpoint import CallError, error_text, refusal, transport_problem

_JSON: Final = {"content-type": "application/json"}


async def stream_chat(
    client: httpx.AsyncClient, body: Mapping[str, object], answer: Answer
) -> AsyncGenerator[str, None]:
    """Ask, put what comes into `answer`, and yield each piece of text as it comes.

    Raises:
        CallError: The server refused, broke off, or cannot be reached.
    """
    asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
    # Arguments of a command may hold bytes that are no text, which UTF-8 cannot carry.
    content = json.dumps(asked, ensure_ascii=False).encode(errors="replace")
    try:
        async with client.stream(
            "POST", "chat/completions", content=content, headers=_JSON
        ) as response:
            if response.is_error:
                await response.aread()
                raise CallError(refusal(response))
            async for chunk in _chunks(response):
                if text := answer.add(chunk, perf_counter()):
                    yield text
    except httpx.HTTPError as error:
        raise CallError(transport_problem(client, error)) from None


async def _chunks(response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        try:
            chunk = json.loads(data)
        except ValueError:
            raise CallError("The stream holds something that is no JSON.") from None
        if "error" in chunk:
            raise CallError(error_text(data))
        yield chunk
    raise CallError("The stream ended before its end mark.")

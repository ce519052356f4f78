"""Makes one request and judges what came back, strictly."""

import asyncio
import json
from collections import defaultdict
from typing import Any, Final

import httpx
from tests.soak.asks import CHAT, Ask
from tests.soak.ledger import Seen, Verdict

_ERROR_KEYS: Final = {"message", "type", "param", "code"}
# Longer than any fault may take; a client that waited so long has met a violation.
_PATIENCE_SECONDS: Final = 60.0


def http_client(url: str) -> httpx.AsyncClient:
    """Connections without limit."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    return httpx.AsyncClient(base_url=url, timeout=_PATIENCE_SECONDS, limits=limits)


async def make(client: httpx.AsyncClient, ask: Ask) -> Seen:
    """Ask and judge."""
    if ask.leave_seconds is None:
        return await _make(client, ask)
    try:
        async with asyncio.timeout(ask.leave_seconds):
            return await _make(client, ask)
    except TimeoutError:
        return Seen(Verdict.LEFT, "left")


async def _make(client: httpx.AsyncClient, ask: Ask) -> Seen:
    answered = False
    try:
        async with client.stream("POST", ask.path, json=ask.body) as response:
            answered = True
            return await _judge(response, ask)
    except httpx.ConnectError:
        return Seen(Verdict.UNREACHED, "connection refused")
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        if not answered:
            return Seen(Verdict.UNANSWERED, "connection closed unanswered")
        return Seen(Verdict.BROKEN, f"answer cut off ({type(error).__name__})")
    except httpx.TimeoutException as error:
        return Seen(Verdict.BROKEN, f"nothing for {_PATIENCE_SECONDS:g} s ({type(error).__name__})")


async def _judge(response: httpx.Response, ask: Ask) -> Seen:
    if response.status_code == httpx.codes.OK and ask.body.get("stream"):
        return await _read_stream(response, ask)
    await response.aread()
    if response.status_code != httpx.codes.OK:
        return _judge_refusal(response, ask)
    if ask.path != CHAT:
        return Seen(Verdict.WHOLE, "200")
    return _judge_texts(_whole_texts(response.json()), ask)


def _judge_refusal(response: httpx.Response, ask: Ask) -> Seen:
    """What an answer other than 200 means. It must be OpenAI's error object."""
    try:
        error = response.json()["error"]
        code = error["code"] or error["type"]
        well_formed = set(error) == _ERROR_KEYS
    except (ValueError, KeyError, TypeError):
        code, well_formed = "", False
    words = f"{response.status_code} {code}"
    if not well_formed:
        return Seen(Verdict.BROKEN, f"{words} without an error object")
    if response.status_code == ask.status:
        return Seen(Verdict.WHOLE, words)
    may_return = "retry-after" in response.headers
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE and may_return:
        return Seen(Verdict.REFUSED, words)
    return Seen(Verdict.FAILED, words)


async def _read_stream(response: httpx.Response, ask: Ask) -> Seen:
    texts: dict[int, str] = defaultdict(str)
    finished: set[int] = set()
    async for line in response.aiter_lines():
        if line == "data: [DONE]":
            if finished != set(texts):
                return Seen(Verdict.BROKEN, "[DONE] without finish_reason")
            return _judge_texts(list(texts.values()), ask)
        if not line.startswith("data: "):
            continue
        chunk = json.loads(line.removeprefix("data: "))
        if "error" in chunk:
            return Seen(Verdict.FAILED, f"in-band {chunk['error']['code']}")
        for choice in chunk["choices"]:
            texts[choice["index"]] += _text_of(choice["delta"])
            if choice["finish_reason"]:
                finished.add(choice["index"])
    return Seen(Verdict.BROKEN, "stream ended without error or [DONE]")


def _whole_texts(body: dict[str, Any]) -> list[str]:
    return [_text_of(choice["message"]) for choice in body["choices"] if choice["finish_reason"]]


def _text_of(message: dict[str, Any]) -> str:
    arguments = [call["function"].get("arguments", "") for call in message.get("tool_calls") or []]
    return (message.get("content") or "") + "".join(arguments)


def _judge_texts(texts: list[str], ask: Ask) -> Seen:
    if not texts:
        return Seen(Verdict.BROKEN, "no choice has a finish_reason")
    if ask.answer is not None and any(text != ask.answer for text in texts):
        return Seen(Verdict.BROKEN, f"wrong text {texts!r:.80} for {ask.answer!r:.80}")
    return Seen(Verdict.WHOLE, "200")

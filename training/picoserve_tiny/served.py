"""Answers from a running picoserve, as its users get them."""

import json
from typing import Any

import httpx

from picoserve_tiny.conversation import Conversation


class Served:
    """A server at `base_url` that answers whole conversations, without chance."""

    def __init__(self, base_url: str, model: str = "picoserve-tiny") -> None:
        self._client = httpx.Client(base_url=base_url, timeout=120)
        self._model = model

    def answer(self, conversation: Conversation, limit: int = 200) -> tuple[str, bool]:
        """The reply in the model's own spelling of calls, and whether it ended by itself.

        Raises:
            httpx.HTTPStatusError: The server refused the conversation.
        """
        request: dict[str, Any] = {
            "model": self._model,
            "messages": conversation.messages[:-1],
            "temperature": 0,
            "max_completion_tokens": limit,
        }
        if conversation.tools:
            request |= {"tools": conversation.tools, "parallel_tool_calls": False}
        response = self._client.post("/chat/completions", json=request)
        response.raise_for_status()
        choice = response.json()["choices"][0]
        text = choice["message"].get("content") or ""
        for call in choice["message"].get("tool_calls") or ():
            text += _spelt(call["function"])
        return text, choice["finish_reason"] != "length"


def _spelt(function: dict[str, Any]) -> str:
    called = {"name": function["name"], "arguments": json.loads(function["arguments"])}
    return f"<tool_call>\n{json.dumps(called, ensure_ascii=False)}\n</tool_call>"

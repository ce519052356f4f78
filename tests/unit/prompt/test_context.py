"""A saved context is what every conversation with its messages begins with, in each family."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.constraint import GrammarCache
from picoserve.engine.engine import EngineInfo, EngineKind
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat import chat_work
from picoserve.prompt.chat_template import family_names
from picoserve.prompt.context import context_prompt
from picoserve.prompt.served_model import ServedModel

CACHE = GrammarCache()
INFO = EngineInfo("m", "1", 8192, 1, "cpu:1")
SYSTEM = {"role": "system", "content": "You answer the telephone."}
HELLO = {"role": "user", "content": "Hello, I am a guest."}
GREETING = {"role": "assistant", "content": "Sea Hotel, good day!"}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "1", "function": {"name": "book", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "booked"}
TOOLS = [{"type": "function", "function": {"name": "book", "description": "Books a room."}}]
BEGINNINGS: list[list[dict[str, Any]]] = [
    [SYSTEM],
    [SYSTEM, GREETING],
    [SYSTEM, HELLO],
    [SYSTEM, HELLO, GREETING],
    [HELLO],
    [SYSTEM, HELLO, CALL, RESULT],
    [SYSTEM, SYSTEM],
]
words = st.text("abcé 🙂<|[", min_size=1, max_size=12).map(lambda text: f"x{text}x")


def model(family: str) -> ServedModel:
    return ServedModel("m", EngineKind.PICOLLM, "m", chat_template=family)


def request(messages: list[dict[str, Any]], **fields: Any) -> ChatRequest:
    return ChatRequest.model_validate({"model": "m", "messages": messages, **fields})


@pytest.mark.parametrize("family", family_names())
@pytest.mark.parametrize("fields", [{}, {"tools": TOOLS}], ids=["plain", "tools"])
@settings(max_examples=20, deadline=None)
@given(beginning=st.sampled_from(BEGINNINGS), texts=st.lists(words, min_size=1, max_size=3))
def test_later_conversation_begins_with_the_context(
    family: str, fields: dict[str, Any], beginning: list[dict[str, Any]], texts: list[str]
) -> None:
    served = model(family)
    context = context_prompt(request(beginning, **fields), served, INFO, CACHE)
    more: list[dict[str, Any]] = []
    for text in texts:
        more += [{"role": "user", "content": text}, {"role": "assistant", "content": text}]

    for length in range(1, len(more), 2):
        later = request([*beginning, *more[:length]], **fields)
        prompt = chat_work(later, served, INFO, CACHE).jobs[0].prompt
        assert prompt.startswith(context)
        assert len(prompt) > len(context)


@pytest.mark.parametrize("family", family_names())
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_context_holds_all_that_its_messages_say(
    family: str, beginning: list[dict[str, Any]]
) -> None:
    context = context_prompt(request(beginning, tools=TOOLS), model(family), INFO, CACHE)

    assert all(message["content"] in context for message in beginning if "content" in message)
    assert "Books a room." in context


def test_what_a_chat_request_may_not_say_is_refused_here_too() -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        context_prompt(request([RESULT]), model("llama-3"), INFO, CACHE)

    assert refusal.value.param == "messages[0].tool_call_id"

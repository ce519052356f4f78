"""Dialogues as the text the model sees, written through the chat template that ships with it."""

import json
from pathlib import Path
from typing import Any, Final

import jinja2.sandbox

from picoserve_tiny.conversation import Conversation, Message

TEMPLATE: Final = Path(__file__).with_name("chat_template.jinja").read_text("utf-8").rstrip("\n")
REPLY_START: Final = "<|im_start|>assistant\n"
MESSAGE_END: Final = "<|im_end|>"


def _plain_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _compiled() -> jinja2.Template:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment()
    environment.filters["tojson"] = _plain_json
    return environment.from_string(TEMPLATE)


_TEMPLATE: Final = _compiled()


def render(messages: list[Message], tools: list[dict[str, Any]], *, open_reply: bool) -> str:
    """The prompt for a dialogue; `open_reply` adds the opening of the assistant's turn."""
    return _TEMPLATE.render(messages=messages, tools=tools, add_generation_prompt=open_reply)


def parts(conversation: Conversation) -> list[tuple[str, bool]]:
    """The dialogue cut into stretches of text, each marked when the assistant says it."""
    text = render(conversation.messages, conversation.tools, open_reply=False)
    cut: list[tuple[str, bool]] = []
    while True:
        before, start, rest = text.partition(REPLY_START)
        cut.append((before + start, False))
        if not start:
            return cut
        reply, end, text = rest.partition(MESSAGE_END)
        cut.append((reply + end, True))

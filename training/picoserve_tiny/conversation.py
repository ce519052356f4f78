"""One dialogue under construction: its messages, its tools and what it has said so far."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from picoserve_tiny.source import Source

Message = dict[str, Any]


@dataclass
class Expectation:
    """What the last reply must be like, for the evaluation's rules."""

    contains: list[str] = field(default_factory=list)
    tool: str | None = None
    arguments: dict[str, Any] | None = None
    document: dict[str, Any] | None = None


@dataclass
class Persona:
    """Who the system prompt says the assistant is."""

    name: str
    role: str = ""


def plain(text: str, _core: str) -> str:
    """The style of a system prompt that asks for none."""
    return text


@dataclass
class Conversation:
    """Messages in OpenAI's shape, plus the state that later answers depend on."""

    source: Source
    kind: str
    messages: list[Message] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    persona: Persona | None = None
    style: Callable[[str, str], str] = plain
    told: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    expectation: Expectation = field(default_factory=Expectation)

    def system(self, text: str) -> None:
        """Add a system message."""
        self.messages.append({"role": "system", "content": text})

    def user(self, text: str) -> None:
        """Add what the user says."""
        self.messages.append({"role": "user", "content": text})

    def reply(self, text: str, core: str = "", *, must: tuple[str, ...] = ()) -> None:
        """Add the assistant's answer in the style asked for.

        Args:
            text: The answer in a sentence.
            core: The shortest form of it, for an assistant that answers in one word.
            must: What an answer needs to contain to count as right; else the core.
        """
        styled = self.style(text, core)
        self.messages.append({"role": "assistant", "content": styled})
        wanted = list(must) or [core or text]
        # A manner of answering may change the very words that are looked for.
        if not all(part.casefold() in styled.casefold() for part in wanted):
            wanted = [styled]
        self.expectation = Expectation(contains=wanted)

    def exchange(self, said: str, text: str, core: str = "", *, must: tuple[str, ...] = ()) -> None:
        """Add a question and its answer."""
        self.user(said)
        self.reply(text, core, must=must)

    def call(self, tool: str, arguments: dict[str, Any], *, before: str = "") -> None:
        """Add the assistant's call of a tool."""
        function = {"name": tool, "arguments": json.dumps(arguments, ensure_ascii=False)}
        identifier = f"call_{len(self.messages)}"
        call = {"id": identifier, "type": "function", "function": function}
        self.messages.append({"role": "assistant", "content": before, "tool_calls": [call]})
        self.expectation = Expectation(tool=tool, arguments=arguments)

    def result(self, text: str) -> None:
        """Add what the tool that was called last gave back."""
        called = self.messages[-1]["tool_calls"][0]["id"]
        self.messages.append({"role": "tool", "tool_call_id": called, "content": text})

    def document(self, said: str, document: dict[str, Any]) -> None:
        """Add a question and an answer that is nothing but JSON."""
        self.user(said)
        text = json.dumps(document, ensure_ascii=False)
        self.messages.append({"role": "assistant", "content": text})
        self.expectation = Expectation(document=document)

"""Bringing any conversation into the order that a family can write down.

OpenAI allows what most families do not know: system messages late or many, an assistant who
speaks first, the same speaker twice, tools. Whatever has to become other text stays where it
was said, so that a longer conversation begins with exactly what the shorter one was rendered to.
"""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from picoserve.prompt.control_text import Neutraliser
from picoserve.prompt.family import Family
from picoserve.prompt.turns import ToolDefinition, Turn


class Message(TypedDict):
    """A message as Hugging Face's chat templates expect it."""

    role: str
    content: str
    thinking: NotRequired[str]
    tool_calls: NotRequired[list[dict[str, Any]]]
    reasoning_content: NotRequired[str]


class Arranger:
    """Writes the turns of a conversation as the messages of one family."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._style = family.tool_style
        self._clean = Neutraliser(family.control_tokens)
        self._clean_framed = Neutraliser((*family.control_tokens, *self._style.markers))

    def arrange(
        self, turns: Sequence[Turn], tools: Sequence[ToolDefinition], system_suffix: str
    ) -> list[Message]:
        """Return the messages: one opening system text, then every turn in its place."""
        count = self._opening_count(turns)
        messages = self._opening(turns[:count], tools, system_suffix)
        names: dict[str, str] = {}
        alternates = self._family.alternates
        previous = ""
        for turn in turns[count:]:
            names.update((call.id, call.name) for call in turn.tool_calls)
            message = self._message(turn, names)
            if turn.role == previous == "tool" and message["role"] == "user":
                messages[-1]["content"] += f"\n{message['content']}"
            else:
                messages.append(message)
            if turn.role == "assistant" and not (previous == "assistant" and alternates):
                # The template writes it, whether or not the client's copy of the reply has it.
                message["content"] = message["content"].removeprefix(self._family.reply_lead)
            previous = turn.role
        if self._family.begins_with_user:
            messages = _begun_by_user(messages)
        return _alternating(messages) if alternates else messages

    def variables(self, _tools: Sequence[ToolDefinition]) -> dict[str, object]:
        """What the template is told of the tools besides the messages, which offer them."""
        return {}

    def _opening_count(self, turns: Sequence[Turn]) -> int:
        """How many turns make up the opening system text: one, or all where only one may be."""
        if self._family.system == "turn":
            return int(bool(turns) and turns[0].role == "system")
        others = (index for index, turn in enumerate(turns) if turn.role != "system")
        return next(others, len(turns))

    def _opening(
        self, turns: Sequence[Turn], tools: Sequence[ToolDefinition], system_suffix: str
    ) -> list[Message]:
        system = "\n\n".join(turn.content for turn in turns)
        if tools and not turns:
            system = self._family.default_system()
        offer = self._style.offer(tools)
        parts = (offer, system) if self._style.tools_first else (system, offer)
        text = "\n\n".join(part for part in (*parts, system_suffix) if part)
        if not turns and not text:
            return []
        role = "user" if self._family.system == "none" else "system"
        return [{"role": role, "content": self._clean(text)}]

    def _message(self, turn: Turn, names: dict[str, str]) -> Message:
        if turn.role == "assistant":
            reply = self._style.format_reply(turn.content, turn.tool_calls)
            message: Message = {"role": "assistant", "content": self._clean(reply)}
            if turn.thought and self._family.takes_thoughts:
                message["reasoning_content"] = self._clean(turn.thought)
            return message
        if turn.role == "tool":
            name = names.get(turn.tool_call_id or "", turn.name)
            # Cleaned before it is framed, as the frame is made of markers.
            result = self._style.format_result(
                name and self._clean_framed(name), self._clean_framed(turn.content)
            )
            return {"role": "tool" if self._family.has_tool_role else "user", "content": result}
        if turn.role == "system":
            role = "system" if self._family.system == "turn" else "user"
            return {"role": role, "content": self._clean(turn.content)}
        return {"role": "user", "content": self._clean_framed(turn.content)}


def _begun_by_user(messages: list[Message]) -> list[Message]:
    """Put an empty user turn before a reply that would be the first turn."""
    start = next((i for i, m in enumerate(messages) if m["role"] != "system"), len(messages))
    if start < len(messages) and messages[start]["role"] != "assistant":
        return messages
    return [*messages[:start], {"role": "user", "content": ""}, *messages[start:]]


def _alternating(messages: list[Message]) -> list[Message]:
    """Merge neighbours of one role, and put an empty user turn where one is missing."""
    merged: list[Message] = []
    for message in messages:
        last = merged[-1]["role"] if merged else ""
        if last == message["role"]:
            merged[-1]["content"] = _joined(merged[-1], message)
            continue
        if last in ("", "system") and message["role"] == "assistant":
            merged.append({"role": "user", "content": ""})
        merged.append(message)
    if not merged or merged[-1]["role"] == "system":
        merged.append({"role": "user", "content": ""})
    return merged


def _joined(first: Message, second: Message) -> str:
    # A reply was generated as it stands, so even an empty one keeps its place.
    texts = (first["content"], second["content"])
    if first["role"] == "assistant":
        return "\n\n".join(texts)
    return "\n\n".join(text for text in texts if text)

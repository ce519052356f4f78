"""Conversations for templates in harmony, the format of gpt-oss.

Such a template writes tools, calls, their results and the thoughts before a call by itself, so it
is given them as Hugging Face's convention has them, and not as text. It knows one call per message
and the result after it.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from picoserve.generation import HarmonyChannels
from picoserve.prompt.arrangement import Arranger, Message
from picoserve.prompt.family import Family
from picoserve.prompt.json_text import JsonText, is_json, json_text, slim_schema
from picoserve.prompt.tool_text import HERMES
from picoserve.prompt.turns import ToolCall, ToolDefinition, Turn

# `<|end|>` ends a message only: a reply is a thought first, as a rule.
_ENDS: Final = ("<|return|>", "<|call|>")
_MARKS: Final = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>")


def is_harmony(source: str) -> bool:
    """Whether a template's source spells harmony's marks."""
    return all(mark in source for mark in _MARKS)


def harmony_family(row: Family) -> Family:
    """The row of a template in harmony, whatever its trials have shown."""
    return Family(
        name=row.name,
        file="",
        patterns=(),
        stop_phrases=_ENDS,
        strip_phrases=_ENDS,
        control_tokens=row.control_tokens,
        # How calls are told to their reader; no model sees it.
        tool_style=replace(HERMES, markers=()),
        system="first",
        thoughts=HarmonyChannels((*_MARKS, "<|constrain|>")),
        takes_thoughts=True,
        variables=row.variables,
    )


class HarmonyArranger(Arranger):
    """Writes the turns of a conversation as messages with calls and thoughts of their own."""

    @override
    def arrange(
        self, turns: Sequence[Turn], tools: Sequence[ToolDefinition], system_suffix: str
    ) -> list[Message]:
        """Return the messages: the instructions, then every turn, each call with its results."""
        count = self._opening_count(turns)
        messages = self._opening(turns[:count], (), system_suffix)
        rest = list(turns[count:])
        while rest:
            turn = rest.pop(0)
            if not turn.tool_calls:
                messages.append(self._message(turn, {}))
                continue
            results = 0
            while results < len(rest) and rest[results].role == "tool":
                results += 1
            messages += self._calls(turn, rest[:results])
            del rest[:results]
        return messages

    @override
    def variables(self, tools: Sequence[ToolDefinition]) -> dict[str, object]:
        """The tools, for the template's own section of them."""
        return {"tools": [self._cleaned(_offered(tool)) for tool in tools] or None}

    def _calls(self, turn: Turn, results: Sequence[Turn]) -> list[Message]:
        """Each call with its results behind it, and what was thought and said before the first."""
        messages: list[Message] = []
        # The template takes either for a thought and refuses both.
        before = "\n\n".join(text for text in (turn.thought, turn.content) if text)
        waiting = list(results)
        for call in turn.tool_calls:
            message = Message(role="assistant", content="", tool_calls=[self._call(call)])
            if before:
                message["thinking"], before = self._clean(before), ""
            messages.append(message)
            answers = [each for each in waiting if (each.tool_call_id or "") == call.id]
            waiting = [each for each in waiting if each not in answers]
            messages += [
                Message(role="tool", content=self._clean(each.content)) for each in answers
            ]
        return messages + [self._message(result, {}) for result in waiting]

    def _call(self, call: ToolCall) -> dict[str, Any]:
        arguments = self._clean(call.arguments)
        function = {
            "name": self._clean(call.name),
            # As the model wrote them, or the text that they are.
            "arguments": JsonText(arguments) if is_json(arguments) else arguments,
        }
        return {"type": "function", "function": function}

    def _cleaned(self, value: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = json.loads(self._clean(json_text(value)))
        return cleaned


def _offered(tool: ToolDefinition) -> dict[str, Any]:
    """A tool in OpenAI's shape, with nothing missing that a template may ask for."""
    schema: Any = slim_schema(tool.parameters or {})
    properties = schema.get("properties")
    if isinstance(properties, dict):
        schema["properties"] = {name: _described(each) for name, each in properties.items()}
    function = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": function}


def _described(parameter: Any) -> Any:
    """A parameter with texts where gpt-oss's template asks for some."""
    if not isinstance(parameter, dict):
        return parameter
    has_choice = "enum" in parameter or "oneOf" in parameter
    asked = ("description", "default") if has_choice else ("description",)
    texts = {key: parameter[key] for key in asked if key in parameter}
    return parameter | {
        key: value if isinstance(value, str) else json_text(value) for key, value in texts.items()
    }

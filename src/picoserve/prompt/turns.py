"""The words of a conversation as the prompt room knows them: turns, tool calls, tools.

Nothing here knows a wire format or a model; the caller turns requests into these values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = bool | int | float | str
"""A value for a variable of a template."""

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the assistant made.

    Attributes:
        id: What the result's turn refers to.
        name: The function.
        arguments: The raw JSON text. It is written back as it came, because text that was
            generated must stay as it was generated for the context cache to be of use.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `developer` has become `system` and content parts have become text.

    Attributes:
        role: Who speaks.
        content: The text, empty where the message had none.
        tool_calls: What an assistant turn calls, after its text.
        tool_call_id: The call that a tool turn answers.
        name: The function that a tool turn answers for, where the call itself is not in sight.
        thought: What the assistant thought before its text and calls.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    thought: str = ""


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function that the model may call.

    Attributes:
        name: The function.
        description: What it is for; left out of the prompt when empty.
        parameters: Its JSON Schema; left out of the prompt when None.
    """

    name: str
    description: str
    parameters: Mapping[str, object] | None


class TemplateError(Exception):
    """A chat template is unknown, malformed, or cannot write a conversation down."""

"""The requests of a soak. Each has one right answer, which names the request: nothing can hide.

The model says back what the user says, so a text of another conversation, a lost word or a
repeated one shows.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.support.wire import Body, chat_body

CHAT: Final = "/v1/chat/completions"
MODEL: Final = "pico"

_FORM: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "note",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"number": {"type": "integer"}},
            "required": ["number"],
            "additionalProperties": False,
        },
    },
}
_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "note",
        "parameters": _FORM["json_schema"]["schema"],  # type: ignore[index]
    },
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes:
        answer: What the answer must be, byte for byte; None where anything will do.
        leave_seconds: When the client hangs up; None for one that stays.
        status: What the answer's status must be.
    """

    body: Body
    answer: str | None = None
    leave_seconds: float | None = None
    path: str = CHAT
    status: int = 200


def spoken(number: int, *, stream: bool = True) -> Ask:
    """A sentence."""
    text = f"Say {number} and then one two three four five six seven eight nine ten."
    return Ask(chat_body(text, model=MODEL, stream=stream), text)


def form(number: int, *, stream: bool = False) -> Ask:
    """A JSON document of a schema."""
    text = json.dumps({"number": number})
    return Ask(chat_body(text, model=MODEL, stream=stream, response_format=_FORM), text)


def call(number: int, *, stream: bool = True) -> Ask:
    """A call of a tool."""
    arguments = json.dumps({"number": number})
    text = json.dumps({"name": "note", "arguments": {"number": number}})
    return Ask(
        chat_body(text, model=MODEL, stream=stream, tools=[_TOOL], tool_choice="required"),
        arguments,
    )


def leaving(number: int, seconds: float, *, stream: bool = True) -> Ask:
    """A sentence whose client hangs up."""
    ask = spoken(number, stream=stream)
    return Ask(ask.body, ask.answer, leave_seconds=seconds)


def plain(text: str, *, stream: bool = True, leave_seconds: float | None = None) -> Ask:
    """These very words, whatever the answer."""
    return Ask(chat_body(text, model=MODEL, stream=stream), leave_seconds=leave_seconds)


# What callers ask for, in turn by weight.
MIXTURE: Final[tuple[tuple[int, Callable[[int], Ask]], ...]] = (
    (5, spoken),
    (2, lambda number: spoken(number, stream=False)),
    (2, form),
    (1, lambda number: form(number, stream=True)),
    (2, call),
    (1, lambda number: call(number, stream=False)),
    (2, lambda number: leaving(number, 0.01 * (number % 10))),
    (1, lambda number: leaving(number, 0.01 * (number % 10), stream=False)),
)

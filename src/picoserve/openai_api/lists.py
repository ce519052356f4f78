"""Lists in requests: read up to the first fault, and no longer than anybody needs.

Eight megabytes hold four million items. To put a fault of each into words takes half a minute,
and gigabytes.
"""

from typing import Annotated, Final, TypeVar

from pydantic import Field
from pydantic_core import PydanticCustomError, PydanticKnownError

ItemT = TypeVar("ItemT")

Several = Annotated[list[ItemT], Field(fail_fast=True)]
"""A list of any length."""

_MOST_MESSAGES: Final = 4096
_MOST_PARTS: Final = 8192


def check_conversation(messages: object) -> object:
    """Refuse a conversation of too many messages, parts or calls before any is looked at."""
    if isinstance(messages, list):
        if len(messages) > _MOST_MESSAGES:
            sizes = {"max_length": _MOST_MESSAGES, "actual_length": len(messages)}
            raise PydanticKnownError("too_long", {"field_type": "List", **sizes})
        parts = sum(_parts(message) for message in messages)
        if parts > _MOST_PARTS:
            raise PydanticCustomError(
                "too_many_parts",
                "at most {most} content parts and tool calls are read, but there are {parts}",
                {"most": _MOST_PARTS, "parts": parts},
            )
    return messages


def _parts(message: object) -> int:
    if not isinstance(message, dict):
        return 0
    lists = (message.get("content"), message.get("tool_calls"))
    return sum(len(each) for each in lists if isinstance(each, list))

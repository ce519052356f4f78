"""`/v1/contexts`: the body and the object. Not OpenAI's, but in its forms."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from picoserve.openai_api.chat import ChatRequest

PROMPT_FIELDS: Final = frozenset(
    {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "response_format",
        "structured_outputs",
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "json_schema",
        "regex",
        "reasoning_effort",
        "chat_template_kwargs",
    }
)
"""The fields of a chat request that its prompt is made of."""


class ContextRequest(ChatRequest):
    """The beginning of a chat request, and a name for it.

    Whatever does not change the prompt changes nothing here.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]


@dataclass(frozen=True, slots=True)
class ContextCard:
    """What is told of a saved context.

    Attributes:
        created: Unix time in seconds.
        bytes: Size of its file.
        status: `ready`; `broken`, once loading it has failed; `stale`, where no engine fits it.
        problem: What to do about it; "" where it is ready.
    """

    id: str
    created: int
    model: str
    name: str
    prompt_tokens: int
    bytes: int
    status: Literal["ready", "broken", "stale"] = "ready"
    problem: str = ""

    def json(self) -> dict[str, object]:
        """The context object."""
        return {
            "id": self.id,
            "object": "context",
            "created": self.created,
            "model": self.model,
            "name": self.name,
            "prompt_tokens": self.prompt_tokens,
            "bytes": self.bytes,
            "status": self.status,
            "problem": self.problem or None,
        }


def context_list(cards: list[ContextCard]) -> dict[str, object]:
    """The list object."""
    return {"object": "list", "data": [card.json() for card in cards]}

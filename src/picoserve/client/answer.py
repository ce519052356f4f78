"""One answer as its client saw it: what it says and when its parts came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass(slots=True)
class ToolCall:
    """A call that the model asks for, as far as it has come."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Answer:
    """Grows with every part that arrives. Times in seconds of one clock.

    Attributes:
        began: When the request was sent.
        arrivals: When each part with something to read in it came.
    """

    began: float
    text: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish: str = ""
    prompt_tokens: int = 0
    reported_tokens: int = 0
    arrivals: list[float] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Tokens of the answer: the server's count, else the number of parts."""
        return self.reported_tokens or len(self.arrivals)

    @property
    def first_token_seconds(self) -> float | None:
        """From the request to the first part; None where none came."""
        return self.arrivals[0] - self.began if self.arrivals else None

    @property
    def seconds(self) -> float | None:
        """From the request to the last part."""
        return self.arrivals[-1] - self.began if self.arrivals else None

    @property
    def seconds_per_token(self) -> float | None:
        """Mean time of a token after the first."""
        if len(self.arrivals) < 2 or self.tokens < 2:
            return None
        return (self.arrivals[-1] - self.arrivals[0]) / (self.tokens - 1)

    @property
    def gaps(self) -> list[float]:
        """Times between one part and the next."""
        return [later - earlier for earlier, later in pairwise(self.arrivals)]

    def add(self, chunk: Mapping[str, Any], now: float) -> str:
        """Take in a chunk of the stream. Returns the text that it adds."""
        usage = chunk.get("usage") or {}
        self.prompt_tokens = usage.get("prompt_tokens") or self.prompt_tokens
        self.reported_tokens = usage.get("completion_tokens") or self.reported_tokens
        choices = chunk.get("choices") or []
        if not choices:
            return ""
        self.finish = choices[0].get("finish_reason") or self.finish
        delta = choices[0].get("delta") or {}
        text = str(delta.get("content") or "")
        calls = delta.get("tool_calls") or []
        if text or calls or delta.get("reasoning_content"):
            self.arrivals.append(now)
        self.text += text
        self._add_calls(calls)
        return text

    def message(self) -> dict[str, object]:
        """The answer as the next request repeats it."""
        message: dict[str, object] = {"role": "assistant", "content": self.text or None}
        if self.tool_calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in self.tool_calls
            ]
        return message

    def _add_calls(self, deltas: Sequence[Mapping[str, Any]]) -> None:
        for delta in deltas:
            index = int(delta.get("index") or 0)
            while len(self.tool_calls) <= index:
                self.tool_calls.append(ToolCall())
            call = self.tool_calls[index]
            function = delta.get("function") or {}
            call.id = call.id or str(delta.get("id") or "")
            call.name += str(function.get("name") or "")
            call.arguments += str(function.get("arguments") or "")

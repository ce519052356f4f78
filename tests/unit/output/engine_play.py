"""Plays the engine to a reply: the model insists on its text, wherever a prompt takes it up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from picoserve.constraint import GrammarCache
from picoserve.constraint.plan import ToolPlan
from picoserve.generation import (
    EngineFinish,
    Event,
    FinishReason,
    Outcome,
    TextDelta,
    ThoughtDelta,
    TokenLogprob,
    ToolCallDelta,
)
from picoserve.openai_api.chat import ChatRequest
from picoserve.output.reply import Reply, ReplyState
from picoserve.output.tool_calls import ToolReply
from picoserve.prompt.reply_plan import reply_plan
from picoserve.prompt.tool_choice import tooling_for
from picoserve.prompt.tool_text import GENERIC, ToolStyle

END_MARK: Final = "<|im_end|>"
CACHE: Final = GrammarCache()
_MOST_CALLS: Final = 40


def function_tool(name: str, parameters: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A tool as requests carry it."""
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


WEATHER: Final = function_tool(
    "get_weather",
    {
        "type": "object",
        "properties": {
            "location": {"type": "string"},
            "unit": {"enum": ["c", "f", None], "type": ["string", "null"]},
        },
        "required": ["location", "unit"],
        "additionalProperties": False,
    },
    strict=True,
)
LIGHT: Final = function_tool(
    "set_light",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
        "additionalProperties": False,
    },
    strict=True,
)
HANG_UP: Final = function_tool(
    "hang_up", {"type": "object", "properties": {}, "additionalProperties": False}, strict=True
)
TOOLS: Final = (WEATHER, LIGHT, HANG_UP)


def chat_request(**fields: Any) -> ChatRequest:
    """A request with the three tools, unless the fields say otherwise."""
    defaults = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": list(TOOLS),
    }
    return ChatRequest.model_validate({**defaults, **fields})


def tool_plan(style: ToolStyle = GENERIC, **fields: Any) -> ToolPlan:
    """What such a request wants."""
    request = chat_request(**fields)
    plan = reply_plan(request, tooling_for(request), style, CACHE)
    assert isinstance(plan, ToolPlan)
    return plan


@dataclass
class Played:
    """What a reply came to."""

    text: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    finish: FinishReason | None = None
    engine_calls: int = 0
    tokens: list[TokenLogprob] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)

    def take(self, events: list[Event]) -> None:
        """Fold events as a client does, and hold them to the one shape."""
        for event in events:
            self.events.append(event)
            match event:
                case TextDelta(text=text, logprobs=tokens):
                    assert text or tokens
                    self.text += text
                    self.tokens += tokens or ()
                case ToolCallDelta(id=str() as identity, name=str() as name):
                    assert event.index == len(self.calls)
                    assert event.arguments == ""
                    self.ids.append(identity)
                    self.calls.append((name, ""))
                case ToolCallDelta():
                    assert event.id is None
                    assert event.name is None
                    assert event.index == len(self.calls) - 1
                    assert event.arguments
                    name, arguments = self.calls[-1]
                    self.calls[-1] = (name, arguments + event.arguments)
                case ThoughtDelta(text=text):
                    assert text
                case _:
                    raise AssertionError(event)

    @property
    def answer(self) -> tuple[str, list[tuple[str, str]], FinishReason | None]:
        """What a client sees of it."""
        return self.text, self.calls, self.finish


def cut_every(size: int, text: bytes) -> Iterator[bytes]:
    """Pieces of one size."""
    for at in range(0, len(text), size):
        yield text[at : at + size]


def is_done(reply: Reply) -> bool:
    """Whether nothing more is wanted."""
    return reply.state is ReplyState.DONE


def play(
    reply: Reply,
    script: str,
    *,
    size: int = 3,
    first: int = 0,
    overshoot: int = 2,
    limit: int | None = None,
    told: Literal["never", "at once", "at the end"] = "never",
) -> Played:
    """Run a reply to its end.

    Args:
        script: What the model would say. A later call goes on after the longest part of the
            prompt's end that the script holds, or from where it was.
        size: Bytes of a piece.
        first: Bytes of the very first piece, if it is to be another size.
        overshoot: Pieces that still come after an interrupt.
        limit: Pieces before the engine ends with LIMIT.
        told: When the engine tells the tokens, which are its pieces with log probability -1.
    """
    played, said = Played(), script.encode()
    played.take(reply.start())
    at = 0
    while not is_done(reply):
        played.engine_calls += 1
        assert played.engine_calls < _MOST_CALLS, played.prefixes[-3:]
        played.prefixes.append(reply.prefix)
        at = _aligned(said, reply.prefix.encode(), at)
        rest, late, finish = said[at:], overshoot, EngineFinish.END
        tokens: list[TokenLogprob] = []
        head = [rest[:first]] if first else []
        for count, piece in enumerate([*head, *cut_every(size, rest[first:])]):
            if limit is not None and count >= limit:
                finish = EngineFinish.LIMIT
                break
            if reply.state is ReplyState.GOING:
                at += len(piece)
                tokens.append(TokenLogprob(piece, -1.0))
                played.take(reply.feed(piece, tokens[-1:] if told == "at once" else ()))
            elif late == 0:
                finish = EngineFinish.INTERRUPTED
                break
            else:
                late -= 1
        late_tokens = tuple(tokens) if told == "at the end" else ()
        played.take(reply.end_call(Outcome(finish, 10, 5, tokens=late_tokens)))
        if finish is EngineFinish.LIMIT and not is_done(reply):
            played.take(reply.close())
    played.finish = reply.finish_reason
    return played


def play_tools(script: str, style: ToolStyle = GENERIC, **fields: Any) -> Played:
    """Let the model say this to a request with tools; fields of `play` have a `_` in front."""
    how = {name[1:]: fields.pop(name) for name in [*fields] if name.startswith("_")}
    stop = fields.pop("stop", ())
    plan = tool_plan(style, **fields)
    return play(ToolReply(plan, (END_MARK,), stop), script, **how)


def _aligned(said: bytes, prefix: bytes, at: int) -> int:
    for size in range(min(len(prefix), 40), 2, -1):
        found = said.find(prefix[-size:])
        if found >= 0:
            return found + size
    return at

"""What tells one model family from another, apart from its Jinja file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from picoserve.generation import ThoughtFormat
from picoserve.prompt.tool_text import GENERIC, ToolStyle


@dataclass(frozen=True, slots=True)
class Family:
    """What the renderer has to know about a family besides its Jinja file.

    Attributes:
        name: The family, as configuration names it.
        file: Its file in `templates/`, without the ending; families may share one.
        patterns: Regular expressions over a lower-case model name, searched anywhere in it.
        stop_phrases: Texts that end a reply.
        strip_phrases: Texts that may stand at the end of a reply and are never shown.
        control_tokens: Texts that have a meaning of their own to the model.
        tool_style: How tools are written down.
        system: `turn` when system messages may stand anywhere, `first` when only the first turn
            may be one, `none` when there are none; the others become user text in their place.
        has_tool_role: Results are turns of their own and not user text.
        alternates: User and assistant must take turns, beginning with the user.
        begins_with_user: A reply needs a user turn before it, be it an empty one.
        reply_lead: What the template writes between the end of a prompt and a past reply, which a
            model has to generate itself.
        default_system: Gives the system text for a request with tools and no system message; it
            is asked each time, as the text may hold the date.
        thoughts: How a model tells its thoughts from its reply; None for one that has none.
            Tags are open where the prompt of a user's message writes the first one.
        takes_thoughts: The Jinja file reads what a past reply has thought, and decides on it.
        variables: Names of values that the Jinja file takes besides the conversation.
        thinking_switches: Those of them that switch thinking on and off.
    """

    name: str
    file: str
    patterns: tuple[str, ...]
    stop_phrases: tuple[str, ...]
    strip_phrases: tuple[str, ...]
    control_tokens: tuple[str, ...]
    tool_style: ToolStyle = GENERIC
    system: Literal["turn", "first", "none"] = "turn"
    has_tool_role: bool = False
    alternates: bool = False
    begins_with_user: bool = False
    reply_lead: str = ""
    default_system: Callable[[], str] = str
    thoughts: ThoughtFormat | None = None
    takes_thoughts: bool = False
    variables: frozenset[str] = frozenset()
    thinking_switches: tuple[str, ...] = ()

"""Finding out what a template of unknown origin can write down.

A model file brings its Jinja source and nothing else. Its abilities are found by trying it: small
conversations of made-up words are rendered once, and an ability counts only if every word comes
out, in order. (Templates do not only refuse what they do not know; some leave it out.)
"""

import os.path
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from picoserve.prompt.arrangement import Message
from picoserve.prompt.control_text import find_control_tokens, find_framing_tokens
from picoserve.prompt.family import Family
from picoserve.prompt.sandbox import variables_of
from picoserve.prompt.thinking import thinking_switches, thought_tags_in, thoughts_after
from picoserve.prompt.tool_text import GENERIC, HERMES, LLAMA, PARAMETERS, ToolStyle
from picoserve.prompt.turns import TemplateError

# The ends of turns and texts in the published tokenizers of the model families in use.
_ENDS: Final = (
    *("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|end_of_text|>", "<|endoftext|>"),
    *("<end_of_turn>", "<eos>", "</s>", "<|eot|>", "<|return|>", "<\uff5cend▁of▁sentence\uff5c>"),
)
_LONGEST_LEAD: Final = 4
# Before the first message there may be prose of the template's own.
_LONGEST_FRAME: Final = 64
# What the conversation and the model file give; nobody else has a say in it.
_OWN_VARIABLES: Final = frozenset(
    {"messages", "tools", "add_generation_prompt", "bos_token", "eos_token"}
)

Write = Callable[..., str]


@dataclass(frozen=True, slots=True)
class SequenceTokens:
    """The texts of the tokens that begin and end a sequence, "" where a model has none.

    Attributes:
        eos: Also an end of a reply.
        engine_begins: Whether the engine puts `bos` before every prompt, so that it is left out
            at the beginning of what the source writes; None where nobody knows, and the source
            does not write it at all. No message can forge it either way.
    """

    bos: str = ""
    eos: str = ""
    engine_begins: bool | None = False


def family_of_source(
    source: str,
    write: Write,
    name: str,
    stop_phrases: Sequence[str] | None,
    sequence: SequenceTokens,
) -> Family:
    """Describe a template by its source and by what it does with small conversations.

    Args:
        source: The Jinja text.
        write: Renders it.
        name: What to call it.
        stop_phrases: The ends of a reply; None to use the ones that the source spells out.
        sequence: The tokens around a sequence, as far as they are known.

    Raises:
        TemplateError: It cannot even write one user message.
    """
    if not writes_user_text(write):
        _prompt(write, "user")
        raise TemplateError(f"The chat template {name!r} leaves the user's message out.")
    framing = (token for frame in _frames(write) for token in find_framing_tokens(frame))
    spelt = dict.fromkeys((*find_control_tokens(source), *framing, sequence.bos, sequence.eos))
    tokens = tuple(token for token in spelt if len(token) > 1)
    known_ends = {*_ENDS, sequence.eos, _turn_end(write, tokens)}
    ends = tuple(dict.fromkeys(token for token in tokens if token in known_ends))
    variables = variables_of(source) - _OWN_VARIABLES
    style, has_tool_role = style_of_source(source), False
    if style not in (HERMES, PARAMETERS) and re.search(r"""["']tool["']""", source):
        has_tool_role = _goes_on(write, "user", "assistant", "tool", "tool")
    if has_tool_role:
        # The template frames results itself.
        style = replace(style, result="text", result_open="", result_close="")
    return Family(
        name=name,
        file="",
        patterns=(),
        stop_phrases=ends if stop_phrases is None else tuple(stop_phrases),
        strip_phrases=tuple(dict.fromkeys((*(stop_phrases or ()), *ends))),
        control_tokens=tuple(dict.fromkeys(token for token in tokens if " " not in token)),
        tool_style=style,
        system=_system_place(write),
        has_tool_role=has_tool_role,
        alternates=not (
            _writes(write, "user", "user", "assistant", "assistant", "user")
            and _writes(write, "assistant", "user")
            and _opens_reply(write, "user", "assistant")
        ),
        begins_with_user=not _opens_reply(write, "system"),
        reply_lead=_reply_lead(write),
        default_system=partial(_default_system, write),
        thoughts=thoughts_after(_prompt(write, "user"), thought_tags_in(source)),
        takes_thoughts="reasoning_content" in source,
        variables=variables,
        thinking_switches=thinking_switches(write, variables),
    )


def writes_user_text(write: Write) -> bool:
    """Tell whether a lone user message comes out."""
    return _writes(write, "user")


def with_parts(write: Write) -> Write:
    """Hand each message's content over as a list of parts, as templates of vision models ask."""

    def write_parts(*, messages: list[Message], **variables: object) -> str:
        return write(
            messages=[
                {**message, "content": [{"type": "text", "text": message["content"]}]}
                for message in messages
            ],
            **variables,
        )

    return write_parts


def without_beginning(write: Write, token: str) -> Write:
    """Leave out the token that an engine puts before every prompt by itself."""

    def write_rest(**variables: object) -> str:
        return write(**variables).removeprefix(token)

    return write_rest


def style_of_source(source: str) -> ToolStyle:
    """How tools are written down for a template that spells out certain texts."""
    if "<tool_call>" in source:
        return PARAMETERS if "<parameter=" in source else HERMES
    return LLAMA if '"parameters": ' in source or "<|python_tag|>" in source else GENERIC


def _system_place(write: Write) -> Literal["turn", "first", "none"]:
    if not _goes_on(write, "system", "user"):
        return "none"
    late = _opens_reply(write, "user", "assistant", "system")
    anywhere = late and _writes(write, "user", "assistant", "system", "user")
    return "turn" if anywhere else "first"


def _conversation(*roles: str) -> list[Message]:
    return [{"role": role, "content": _word(index)} for index, role in enumerate(roles)]


def _word(index: int) -> str:
    return f"zq{index}qz"


def _writes(write: Write, *roles: str) -> bool:
    try:
        text = _prompt(write, *roles)
    except TemplateError:
        return False
    places = [text.find(_word(index)) for index in range(len(roles))]
    return places[0] >= 0 and places == sorted(places)


def _opens_reply(write: Write, *roles: str) -> bool:
    """Tell whether a reply begins after these turns as it does after a user's message."""
    return _writes(write, *roles) and _prompt(write, *roles).endswith(_opening(write))


def _opening(write: Write) -> str:
    """What a prompt has beyond the turns in it: the beginning of the reply's turn."""
    try:
        closed = write(messages=_conversation("user"), add_generation_prompt=False)
    except TemplateError:
        return ""
    return _beyond(_prompt(write, "user"), closed)


def _goes_on(write: Write, *roles: str) -> bool:
    """Tell whether a reply to these turns, and what follows it, only add to their prompt.

    What is lost of a prompt behind a user's message, such as the opening of a thought that the
    template leaves out later, may be lost here too.
    """
    if not (_opens_reply(write, *roles) and _writes(write, *roles, "assistant", "user")):
        return False
    usual = _lost(write, "user") if _writes(write, "user", "assistant", "user") else ""
    return _lost(write, *roles) == usual


def _lost(write: Write, *roles: str) -> str:
    return _beyond(_prompt(write, *roles), _prompt(write, *roles, "assistant", "user"))


def _prompt(write: Write, *roles: str) -> str:
    return write(messages=_conversation(*roles), add_generation_prompt=True)


def _frames(write: Write) -> list[str]:
    """What stands before, between and behind messages."""
    for roles in (("system", "user", "assistant", "user"), ("user", "assistant", "user")):
        if _writes(write, *roles):
            before, *others = re.split(r"zq\dqz", _prompt(write, *roles))
            return [before[-_LONGEST_FRAME:], *others]
    return []


def _beyond(text: str, other: str) -> str:
    """The rest of a text from where it is no longer the same as another."""
    return text[len(os.path.commonprefix([text, other])) :]  # noqa: RUF071  # characters are meant


def _around_reply(write: Write) -> tuple[str, str]:
    """What stands before the reply in the conversation `user, assistant, user`, and behind it."""
    if not _writes(write, "user", "assistant", "user"):
        return "", ""
    before, _, behind = _prompt(write, "user", "assistant", "user").partition(_word(1))
    return before, behind


def _reply_lead(write: Write) -> str:
    """The blanks between the end of a prompt and the reply in the same conversation, later."""
    before, _ = _around_reply(write)
    prompt = _prompt(write, "user")
    lead = before.removeprefix(prompt) if before.startswith(prompt) else ""
    return lead if len(lead) <= _LONGEST_LEAD and not lead.strip() else ""


def _turn_end(write: Write, tokens: Sequence[str]) -> str:
    """The control text that follows a reply, unless what leads to the reply's text has it too."""
    before, behind = _around_reply(write)
    opening = _beyond(before, _prompt(write, "user"))
    ends = (token for token in tokens if behind.lstrip().startswith(token) and token not in opening)
    return max(ends, key=len, default="")


def _default_system(write: Write) -> str:
    """The system text that a template puts in when a conversation has none."""
    try:
        given = _prompt(write, "system", "user")
    except TemplateError:
        return ""
    opening, _, rest = given.partition(_word(0))
    user_only = [{"role": "user", "content": _word(1)}]
    text = write(messages=user_only, add_generation_prompt=True)
    if not rest or not (text.startswith(opening) and text.endswith(rest)):
        return ""
    return text[len(opening) : -len(rest)]

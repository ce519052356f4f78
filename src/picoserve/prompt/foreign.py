"""Finding out what a template of unknown origin can write down.

A model file brings its Jinja source and nothing else. Its abilities are found by trying it: small
conversations of made-up words are rendered once, and an ability counts only if every word comes
out, in order. (Templates do not only refuse what they do not know; some leave it out.)
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal

from picoserve.prompt.arrangement import Message
from picoserve.prompt.control_text import find_control_tokens
from picoserve.prompt.family import Family
from picoserve.prompt.tool_text import GENERIC, HERMES, LLAMA, ToolStyle
from picoserve.prompt.turns import TemplateError

# The ends of turns and texts in the published tokenizers of the model families in use.
_ENDS: Final = (
    *("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|end_of_text|>", "<|endoftext|>"),
    *("<end_of_turn>", "<eos>", "</s>", "<|eot|>", "<|return|>", "<\uff5cend▁of▁sentence\uff5c>"),
)
_LONGEST_LEAD: Final = 4

Write = Callable[..., str]


def family_of_source(
    source: str, write: Write, name: str, stop_phrases: Sequence[str] | None, eos_token: str
) -> Family:
    """Describe a template by its source and by what it does with small conversations.

    Args:
        source: The Jinja text.
        write: Renders it.
        name: What to call it.
        stop_phrases: The ends of a reply; None to use the ones that the source spells out.
        eos_token: The model's end-of-sequence text, if known.

    Raises:
        TemplateError: It cannot even write one user message.
    """
    if not writes_user_text(write):
        write(messages=_conversation("user"), add_generation_prompt=True)
        raise TemplateError(f"The chat template {name!r} leaves the user's message out.")
    tokens = tuple(token for token in (*find_control_tokens(source), eos_token) if len(token) > 1)
    known_ends = {*_ENDS, eos_token, _turn_end(write, tokens)}
    ends = tuple(dict.fromkeys(token for token in tokens if token in known_ends))
    style, has_tool_role = _style(source), False
    if style is not HERMES and re.search(r"""["']tool["']""", source):
        has_tool_role = _writes(write, "user", "assistant", "tool")
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
        ),
        reply_lead=_reply_lead(write),
        default_system=_default_system(write),
    )


def writes_user_text(write: Write) -> bool:
    """Tell whether a lone user message comes out."""
    return _writes(write, "user")


def with_parts(write: Write) -> Write:
    """Hand each message's content over as a list of parts, as templates of vision models ask."""

    def write_parts(*, messages: list[Message], **variables: object) -> str:
        return write(
            messages=[
                {"role": message["role"], "content": [{"type": "text", "text": message["content"]}]}
                for message in messages
            ],
            **variables,
        )

    return write_parts


def _style(source: str) -> ToolStyle:
    if "<tool_call>" in source:
        return HERMES
    return LLAMA if '"parameters": ' in source or "<|python_tag|>" in source else GENERIC


def _system_place(write: Write) -> Literal["turn", "first", "none"]:
    if _writes(write, "user", "assistant", "system", "user") and _writes(write, "system", "user"):
        return "turn"
    return "first" if _writes(write, "system", "user") else "none"


def _conversation(*roles: str) -> list[Message]:
    return [{"role": role, "content": _word(index)} for index, role in enumerate(roles)]


def _word(index: int) -> str:
    return f"zq{index}qz"


def _writes(write: Write, *roles: str) -> bool:
    try:
        text = write(messages=_conversation(*roles), add_generation_prompt=True)
    except TemplateError:
        return False
    places = [text.find(_word(index)) for index in range(len(roles))]
    return places[0] >= 0 and places == sorted(places)


def _after_prompt(write: Write) -> str:
    """What follows the prompt `user` in the conversation `user, assistant, user`."""
    prompt = write(messages=_conversation("user"), add_generation_prompt=True)
    try:
        later = write(
            messages=_conversation("user", "assistant", "user"), add_generation_prompt=True
        )
    except TemplateError:
        return ""
    return later.removeprefix(prompt) if later.startswith(prompt) else ""


def _reply_lead(write: Write) -> str:
    """The blanks between the end of a prompt and the reply in the same conversation, later."""
    lead, found, _ = _after_prompt(write).partition(_word(1))
    return lead if found and len(lead) <= _LONGEST_LEAD and not lead.strip() else ""


def _turn_end(write: Write, tokens: Sequence[str]) -> str:
    """The control text that follows a reply."""
    _, _, rest = _after_prompt(write).partition(_word(1))
    ends = (token for token in tokens if rest.lstrip().startswith(token))
    return max(ends, key=len, default="")


def _default_system(write: Write) -> str:
    """The system text that a template puts in when a conversation has none."""
    try:
        given = write(messages=_conversation("system", "user"), add_generation_prompt=True)
    except TemplateError:
        return ""
    opening, _, rest = given.partition(_word(0))
    user_only = [{"role": "user", "content": _word(1)}]
    text = write(messages=user_only, add_generation_prompt=True)
    if not rest or not (text.startswith(opening) and text.endswith(rest)):
        return ""
    return text[len(opening) : -len(rest)]

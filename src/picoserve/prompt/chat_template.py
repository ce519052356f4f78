"""Chat templates: how each model family wants a conversation written down.

Rendering is append-only: the prompt of a longer conversation begins with the prompt of the
shorter one followed by its reply, so that an engine's cached context stays of use. Two things
follow. Replies are written back exactly as they were generated. And where a family's prompt stops
short of the text that every reply begins with (`reply_lead`, a blank or a line break), that text
is put back when the client's copy of the reply has lost it.
"""

import copy
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from types import MappingProxyType
from typing import Final, Self

from picoserve.generation import HarmonyChannels, ThoughtTags
from picoserve.prompt.arrangement import Arranger, Message
from picoserve.prompt.families import FAMILIES, family_row_for
from picoserve.prompt.family import Family
from picoserve.prompt.foreign import (
    SequenceTokens,
    Write,
    family_of_source,
    style_of_source,
    with_parts,
    without_beginning,
    writes_user_text,
)
from picoserve.prompt.harmony import HarmonyArranger, harmony_family, is_harmony
from picoserve.prompt.sandbox import compile_template
from picoserve.prompt.tool_text import ToolStyle
from picoserve.prompt.turns import Scalar, TemplateError, ToolCall, ToolDefinition, Turn

__all__ = [
    "FALLBACK_FAMILY",
    "VISION_FAMILY",
    "ChatTemplate",
    "SequenceTokens",
    "TemplateError",
    "ToolCall",
    "ToolDefinition",
    "ToolStyle",
    "Turn",
    "family_for",
    "family_names",
    "template_from_source",
    "template_named",
]

FALLBACK_FAMILY: Final = "plain"
"""For a model of no known family: control texts it never learned would be noise to it."""

VISION_FAMILY: Final = "qwen3-vl"
"""For a vision model of no known family: picoLLM writes the control texts of an image's turn."""

# Marks the end of a reply that is to be continued. A private-use character survives trimming.
_OPEN_END: Final = "\ue000"
_NO_TOKENS: Final = SequenceTokens()


class ChatTemplate:
    """One family's way to write a conversation, compiled.

    Attributes:
        name: The family, or the name given to a template of the user's own.
        stop_phrases: Given to the engine, and cut from its output.
        strip_phrases: Texts such as an end-of-sequence token that must never reach a client.
        control_tokens: Texts that have a meaning of their own to the model.
        tool_style: How tools are offered, called and answered.
        reply_lead: What a reply begins with before its first word; a server may cut one of it
            from the beginning of a reply, as rendering puts it back.
        thoughts: How the model tells its thoughts from its reply, or None.
        takes_thoughts: What earlier replies have thought has a place.
        variables: Names of values that rendering takes besides the conversation.
        thinking_switches: Those of them that switch thinking on and off.
    """

    def __init__(self, family: Family, write: Callable[..., str], *fallbacks: Family) -> None:
        """Join a family's row with its compiled Jinja file.

        Args:
            family: The row.
            write: Renders the file.
            fallbacks: Rows to arrange the conversation by when the file refuses it.
        """
        self.name = family.name
        self.stop_phrases = family.stop_phrases
        self.strip_phrases = family.strip_phrases
        self.control_tokens = family.control_tokens
        self.tool_style: ToolStyle = family.tool_style
        self.reply_lead = family.reply_lead
        self.thoughts = family.thoughts
        self.takes_thoughts = family.takes_thoughts
        self.variables = family.variables
        self.thinking_switches = family.thinking_switches
        self._write = write
        self._rows = tuple((row, _arranger(row)) for row in (family, *fallbacks))

    def with_tool_style(self, style: ToolStyle) -> Self:
        """The same template with tools written down in another way."""
        twin = copy.copy(self)
        twin.tool_style = style
        rows = [replace(row, tool_style=style) for row, _ in self._rows]
        twin._rows = tuple((row, _arranger(row)) for row in rows)  # noqa: SLF001  # its own kind
        return twin

    @property
    def can_leave_thinking(self) -> bool:
        """Whether the model can be had to reply without a thought."""
        is_open = isinstance(self.thoughts, ThoughtTags) and self.thoughts.is_open
        return bool(self.thinking_switches) or is_open

    @property
    def least_effort(self) -> str:
        """What is as near to no thoughts as a model can get that always has some, as gpt-oss."""
        return "low" if isinstance(self.thoughts, HarmonyChannels) else ""

    def without_thinking(self) -> Self:
        """The same template with thinking switched off, where rendering is not told otherwise."""
        twin = copy.copy(self)
        off = dict.fromkeys(self.thinking_switches, False)
        twin._write = partial(self._write, **off)  # noqa: SLF001  # its own kind
        return twin

    def lead_after(self, turns: Sequence[Turn]) -> str:
        """What a reply to these turns begins with; nothing where it continues the last one."""
        row, _ = self._rows[0]
        continues = row.alternates and bool(turns) and turns[-1].role == "assistant"
        return "" if continues else self.reply_lead

    def stops_behind_lead(self, phrases: Iterable[str]) -> tuple[str, ...]:
        """The phrases that an engine can find in a reply's own text only.

        One that begins in the lead would end a reply before its first word.
        """
        tails = [self.reply_lead[start:] for start in range(len(self.reply_lead))]
        return tuple(
            phrase
            for phrase in phrases
            if not any(tail.startswith(phrase) or phrase.startswith(tail) for tail in tails)
        )

    def render(
        self,
        turns: Sequence[Turn],
        tools: Sequence[ToolDefinition] = (),
        *,
        add_generation_prompt: bool = True,
        system_suffix: str = "",
        variables: Mapping[str, Scalar] = MappingProxyType({}),
    ) -> str:
        """Write the conversation as the text that the model continues.

        Args:
            turns: What was said, in any order that OpenAI allows.
            tools: What the model may call; offered in the opening system text.
            add_generation_prompt: End in the opening of the assistant's turn.
            system_suffix: More instructions for the end of the opening system text.
            variables: Values for some of the template's own variables.

        Raises:
            TemplateError: The template refuses the conversation in every arrangement.
        """
        refusals: list[TemplateError] = []
        for row, arranger in self._rows:
            messages = arranger.arrange(turns, tools, system_suffix)
            try:
                return self._written(
                    row,
                    messages,
                    add_generation_prompt,
                    {**variables, **arranger.variables(tools)},
                )
            except TemplateError as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def _written(
        self,
        row: Family,
        messages: list[Message],
        opens_reply: bool,
        variables: Mapping[str, object],
    ) -> str:
        write = partial(self._write, **variables)
        if not (opens_reply and row.alternates and messages[-1]["role"] == "assistant"):
            return write(messages=messages, add_generation_prompt=opens_reply)
        # Where speakers must alternate, a second reply continues the first.
        messages[-1]["content"] += f"\n\n{_OPEN_END}"
        text = write(messages=messages, add_generation_prompt=False)
        written, mark, _ = text.rpartition(_OPEN_END)
        if not mark:
            raise TemplateError(f"The chat template {self.name!r} leaves the last reply out.")
        return written


def _arranger(row: Family) -> Arranger:
    is_channels = isinstance(row.thoughts, HarmonyChannels)
    return HarmonyArranger(row) if is_channels else Arranger(row)


def family_names() -> tuple[str, ...]:
    """List the families that `template_named` knows."""
    return tuple(family.name for family in FAMILIES)


def family_for(model: str) -> ChatTemplate | None:
    """Find the template for a model string or file name; None when the family is unknown."""
    row = family_row_for(model)
    return None if row is None else template_named(row.name)


@cache
def template_named(name: str) -> ChatTemplate:
    """Return a family's template, compiled once.

    Raises:
        TemplateError: There is no such family; the message lists those there are.
    """
    for row in FAMILIES:
        if row.name == name:
            file = resources.files("picoserve.prompt") / "templates" / f"{row.file}.jinja"
            return ChatTemplate(row, compile_template(file.read_text("utf-8")))
    nearest = difflib.get_close_matches(name, family_names(), n=1, cutoff=0.3)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    known = ", ".join(family_names())
    raise TemplateError(f"There is no chat template {name!r}.{hint} Known are: {known}.")


def template_from_source(
    source: str,
    *,
    name: str,
    stop_phrases: Sequence[str] | None = None,
    tokens: SequenceTokens = _NO_TOKENS,
    variables: Mapping[str, object] | None = None,
) -> ChatTemplate:
    """Make a template of Jinja text in Hugging Face's convention, as a GGUF file holds it.

    Tools are written by the tool style found in the source and never by the source itself, because
    the reply's reader has to know the style; but in harmony, where there is one style only.

    Args:
        source: The Jinja text.
        name: What to call it.
        stop_phrases: The ends of a reply; None to use the ones that the source spells out.
        tokens: What the source knows as `bos_token` and `eos_token`.
        variables: More values for the source, such as Qwen3's `enable_thinking`.

    Raises:
        TemplateError: The source is malformed, or cannot write one user message.
    """
    compiled = compile_template(source)
    # A template that was made for tools only may take an empty list where it takes no None.
    bos = "" if tokens.engine_begins is None else tokens.bos
    values = {**(variables or {}), "bos_token": bos, "eos_token": tokens.eos}
    writers: list[Write] = [
        partial(compiled, **{**values, "tools": None}),
        partial(compiled, **{**values, "tools": []}),
    ]
    candidates = (*writers, *map(with_parts, writers))
    write = next(filter(writes_user_text, candidates), writers[0])
    if tokens.engine_begins:
        write = without_beginning(write, tokens.bos)
    row = family_of_source(source, write, name, stop_phrases, tokens)
    if is_harmony(source):
        return ChatTemplate(harmony_family(row), write)
    style = style_of_source(source)
    strict = replace(row, tool_style=style, has_tool_role=False, alternates=True)
    # Without a system message the template puts in its default by itself.
    strictest = replace(strict, system="none", default_system=str)
    return ChatTemplate(row, write, strict, strictest)

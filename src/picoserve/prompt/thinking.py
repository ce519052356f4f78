"""What a template tells of a model that thinks before it replies."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from picoserve.generation import ThoughtTags
from picoserve.prompt.turns import TemplateError

# As the templates of Qwen3, DeepSeek-R1, Nemotron, GLM and others have them; Mistral's.
_TAGS: Final = (
    ThoughtTags("<think>", "</think>", "\n</think>\n\n"),
    ThoughtTags("[THINK]", "[/THINK]", "[/THINK]"),
)

SWITCHES: Final = ("enable_thinking", "thinking")
"""Names of the variable that switches thinking on and off: Qwen's, Nemotron's, GLM's and many
others' first, then DeepSeek's and Granite's."""


def thinking_switches(write: Callable[..., str], variables: Collection[str]) -> tuple[str, ...]:
    """The switches that make a difference to the prompt of a user's message."""
    return tuple(
        name
        for name in SWITCHES
        if name in variables and _prompt(write, name, on=True) != _prompt(write, name, on=False)
    )


def _prompt(write: Callable[..., str], switch: str, *, on: bool) -> str:
    messages = [{"role": "user", "content": "Hi"}]
    try:
        return write(messages=messages, add_generation_prompt=True, **{switch: on})
    except TemplateError:
        return ""


def thought_tags_in(source: str) -> ThoughtTags | None:
    """The tags that a template's source spells out."""
    return next((tags for tags in _TAGS if tags.closing in source), None)


def thoughts_after(prompt: str, tags: ThoughtTags | None) -> ThoughtTags | None:
    """The same tags for a reply to this prompt, which may end inside a thought."""
    return tags and replace(tags, is_open=prompt.rstrip().endswith(tags.opening))


def without_open_thought(prompt: str, tags: ThoughtTags | None) -> str:
    """The prompt with its thought ended, where it ends inside one."""
    after = thoughts_after(prompt, tags)
    return prompt + after.ending if after and after.is_open else prompt

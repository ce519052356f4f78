"""What a template tells of a model that thinks before it replies."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from picoserve.generation import ThoughtFormat, ThoughtTags
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


def thoughts_after(prompt: str, form: ThoughtFormat | None) -> ThoughtFormat | None:
    """The same format for a reply to this prompt, which may end inside a thought."""
    if not isinstance(form, ThoughtTags):
        return form
    return replace(form, is_open=prompt.rstrip().endswith(form.opening))


def thoughts_beside_form(form: ThoughtFormat | None) -> ThoughtFormat | None:
    """The same for a reply that the server begins: no tag is looked for in what follows."""
    return None if isinstance(form, ThoughtTags) else form


def thought_marks(form: ThoughtFormat | None) -> tuple[str, ...]:
    """The texts by which thoughts are known in a reply; to a model each may be one token."""
    if isinstance(form, ThoughtTags):
        return (form.opening, form.closing)
    return form.marks if form else ()


def without_open_thought(prompt: str, form: ThoughtFormat | None) -> str:
    """The prompt with its thought ended, where it ends inside one."""
    after = thoughts_after(prompt, form)
    if isinstance(after, ThoughtTags) and after.is_open:
        return prompt + after.ending
    return prompt

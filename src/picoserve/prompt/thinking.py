"""What a template tells of a model that thinks before it replies."""

from dataclasses import replace
from typing import Final

from picoserve.generation import ThoughtTags

# As the templates of Qwen3, DeepSeek-R1, Nemotron, GLM and others have them; Mistral's.
_TAGS: Final = (
    ThoughtTags("<think>", "</think>", "\n</think>\n\n"),
    ThoughtTags("[THINK]", "[/THINK]", "[/THINK]"),
)


def thought_tags_in(source: str) -> ThoughtTags | None:
    """The tags that a template's source spells out."""
    return next((tags for tags in _TAGS if tags.closing in source), None)


def thoughts_after(prompt: str, tags: ThoughtTags | None) -> ThoughtTags | None:
    """The same tags for a reply to this prompt, which may end inside a thought."""
    if tags is None or not prompt.rstrip().endswith(tags.opening):
        return tags
    return replace(tags, is_open=True)


def without_open_thought(prompt: str, tags: ThoughtTags | None) -> str:
    """The prompt with its thought ended, where it ends inside one."""
    after = thoughts_after(prompt, tags)
    return prompt + after.ending if after and after.is_open else prompt

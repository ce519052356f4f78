"""What templates tell of models that think."""

import pytest

from picoserve.generation import ThoughtTags
from picoserve.prompt.chat_template import Turn, template_from_source
from picoserve.prompt.thinking import thought_tags_in, thoughts_after, without_open_thought

PLAIN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
OPENING = PLAIN.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}").replace(
    "m.content }}", "m.content.split('</think>')[-1] }}"
)


@pytest.mark.parametrize(
    ("source", "closing"),
    [(PLAIN, None), (OPENING, "</think>"), (PLAIN + "{# [THINK] [/THINK] #}", "[/THINK]")],
)
def test_tags_are_those_that_the_source_spells(source: str, closing: str | None) -> None:
    tags = thought_tags_in(source)

    assert (tags and tags.closing) == closing
    told = template_from_source(source, name="m").thoughts
    assert (told.closing if isinstance(told, ThoughtTags) else told) == closing


def test_thought_is_open_where_the_prompt_ends_in_its_tag() -> None:
    template = template_from_source(OPENING, name="m")
    prompt = template.render([Turn("user", "Hi")])

    after = thoughts_after(prompt, template.thoughts)
    assert isinstance(after, ThoughtTags)
    assert after.is_open
    closed = without_open_thought(prompt, template.thoughts)
    assert closed == f"{prompt}\n</think>\n\n"
    after = thoughts_after(closed, template.thoughts)
    assert isinstance(after, ThoughtTags)
    assert not after.is_open


def test_prompt_of_a_model_without_thoughts_is_left_alone() -> None:
    assert thoughts_after("<think>", None) is None
    assert without_open_thought("<think>", None) == "<think>"

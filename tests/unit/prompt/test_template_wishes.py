"""What requests may tell a template, and what becomes of it."""

from typing import Any, Final

import pytest
from tests.support.harmony import TEMPLATE as HARMONY

from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat_template import ChatTemplate, Turn, template_from_source
from picoserve.prompt.template_wishes import TemplateWishes, template_wishes, unused_thoughts

TURNS: Final = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
)
PLAIN: Final = TURNS + "{% endif %}"
SWITCHED: Final = TURNS + (
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    "{{ mood }}{% endif %}"
)
ALWAYS: Final = TURNS + "<think>\n{% endif %}{# </think> #}"
GRADED: Final = "Effort: {{ reasoning_effort }}\n" + PLAIN
LEVELS: Final = GRADED + "{# </think> #}"
UNTOLD: Final = TURNS + "{% if enable_thinking %}<|think|>{% endif %}{% endif %}"
DEAF: Final = TURNS + "{% endif %}{% if false %}{{ thinking }}{% endif %}{# </think> #}"
TEMPLATES: Final = {
    name: template_from_source(source, name=name)
    for name, source in {
        "plain": PLAIN,
        "switched": SWITCHED,
        "always": ALWAYS,
        "graded": GRADED,
        "levels": LEVELS,
        "untold": UNTOLD,
        "deaf": DEAF,
        "harmony": HARMONY,
    }.items()
}
SWITCH: Final = "chat_template_kwargs.enable_thinking"
OFF: Final = {"chat_template_kwargs": {"enable_thinking": False}}
ON: Final = {"chat_template_kwargs": {"enable_thinking": True}}


def wishes(
    template: ChatTemplate, fields: dict[str, Any], *, by_default: bool = True, form: bool = False
) -> TemplateWishes:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    request = ChatRequest.model_validate(body)
    return template_wishes(request, template, by_default=by_default, has_form=form)


@pytest.mark.parametrize(
    ("fields", "by_default", "level"),
    [
        ({}, True, None),
        ({}, False, "low"),
        ({"reasoning_effort": "high"}, False, "high"),
        ({"reasoning_effort": "minimal"}, True, "low"),
    ],
)
def test_model_that_always_thinks_does_so_as_little_as_it_can(
    fields: dict[str, Any], by_default: bool, level: str | None
) -> None:
    for form in (False, True):
        told = wishes(TEMPLATES["harmony"], fields, by_default=by_default, form=form)

        assert told.variables.get("reasoning_effort") == level


@pytest.mark.parametrize(
    ("name", "fields", "thinks", "unused"),
    [
        ("switched", {}, True, []),
        ("switched", OFF, False, []),
        ("switched", ON, True, []),
        ("switched", {"reasoning_effort": "none"}, False, []),
        ("switched", {"reasoning_effort": "minimal"}, False, []),
        ("switched", {"reasoning_effort": "high"}, True, []),
        ("switched", {"reasoning_effort": "none", **ON}, True, []),
        ("always", OFF, False, []),
        ("always", {"reasoning_effort": "none"}, False, []),
        ("always", {"reasoning_effort": "low"}, True, ["reasoning_effort"]),
        ("plain", OFF, False, ["chat_template_kwargs.enable_thinking"]),
        ("plain", {"reasoning_effort": "none"}, False, ["reasoning_effort"]),
        ("plain", {"chat_template_kwargs": {"mood": "x"}}, True, ["chat_template_kwargs.mood"]),
        ("plain", {"chat_template_kwargs": {"tools": "x"}}, True, ["chat_template_kwargs.tools"]),
        ("deaf", {"chat_template_kwargs": {"thinking": False}}, False, ["thinking"]),
        ("switched", {"chat_template_kwargs": {"mood": None}}, True, []),
        ("levels", {"reasoning_effort": "low"}, True, []),
        ("graded", {"reasoning_effort": "low"}, True, ["reasoning_effort"]),
        ("untold", {"reasoning_effort": "high"}, True, ["reasoning_effort"]),
        ("untold", ON, True, []),
        ("plain", {"reasoning_effort": "none", **OFF}, False, ["reasoning_effort", SWITCH]),
        ("graded", {"reasoning_effort": "none"}, False, ["reasoning_effort"]),
        ("harmony", {"reasoning_effort": "none"}, False, []),
        ("harmony", OFF, False, ["chat_template_kwargs.enable_thinking"]),
    ],
)
def test_wish_is_heard_or_named(
    name: str, fields: dict[str, Any], thinks: bool, unused: list[str]
) -> None:
    told = wishes(TEMPLATES[name], fields)

    assert told.thinks is thinks
    assert [param.removeprefix("chat_template_kwargs.") for param in told.unused] == [
        param.removeprefix("chat_template_kwargs.") for param in unused
    ]


@pytest.mark.parametrize("name", ["graded", "untold"])
def test_effort_begins_no_thought_that_nothing_tells_from_the_reply(name: str) -> None:
    template, turns = TEMPLATES[name], [Turn("user", "Hi")]

    told = wishes(template, {"reasoning_effort": "high"})

    assert template.thoughts is None
    assert template.render(turns, variables=told.variables) == template.render(turns)


def test_form_leaves_no_place_for_a_thought() -> None:
    switched, always = TEMPLATES["switched"], TEMPLATES["always"]

    assert wishes(switched, {}, form=True).variables == {"enable_thinking": False}
    assert wishes(switched, ON, form=True).unused == ("chat_template_kwargs.enable_thinking",)
    assert not wishes(always, {}, form=True).thinks
    assert wishes(always, {"reasoning_effort": "none"}, form=True).unused == ()


def test_request_wins_over_the_model_s_setting() -> None:
    silent = TEMPLATES["switched"].without_thinking()
    turns = [Turn("user", "Hi")]

    by_default = wishes(silent, {}, by_default=False)
    asked = wishes(silent, {"reasoning_effort": "medium"}, by_default=False)

    assert not by_default.thinks
    assert silent.render(turns, variables=by_default.variables).endswith("</think>\n\n")
    assert silent.render(turns, variables=asked.variables).endswith("assistant\n")


def test_values_reach_the_template_without_control_texts() -> None:
    template = TEMPLATES["switched"]
    told = wishes(template, {"chat_template_kwargs": {"mood": "glad<|im_end|>"}})

    prompt = template.render([Turn("user", "Hi")], variables=told.variables)

    assert prompt.endswith("glad< |im_end|>")


def test_earlier_thoughts_reach_a_template_that_reads_them() -> None:
    reading = template_from_source(
        TURNS.replace(
            "{{ m.content }}",
            "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}"
            "{{ m.content }}",
        )
        + "{% endif %}",
        name="reading",
    )
    turns = [
        Turn("user", "Hi"),
        Turn("assistant", "Hello!", thought="Greet.<|im_end|>"),
        Turn("user", "Bye"),
    ]

    assert "<think>Greet.< |im_end|></think>Hello!<|im_end|>" in reading.render(turns)
    assert unused_thoughts(turns, reading) == ()
    assert "Greet." not in TEMPLATES["plain"].render(turns)
    assert unused_thoughts(turns, TEMPLATES["plain"]) == ("messages.reasoning_content",)


def test_value_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        wishes(TEMPLATES["switched"], {"chat_template_kwargs": {"mood": "\0"}})

    assert caught.value.param == "chat_template_kwargs.mood"

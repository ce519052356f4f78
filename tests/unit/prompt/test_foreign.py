"""What is found out about templates that a model file brings along."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picoserve.prompt.chat_template import (
    TemplateError,
    ToolCall,
    ToolDefinition,
    Turn,
    template_from_source,
    template_named,
)
from picoserve.prompt.foreign import family_of_source
from picoserve.prompt.sandbox import compile_template

LENIENT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STRICT = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'user' and loop.index0 % 2 == 0 %}[INST] {{ m.content | trim }} [/INST]"
    "{% elif m.role == 'assistant' and loop.index0 % 2 %} {{ m.content }}</s>"
    "{% else %}{{ raise_exception('Roles must alternate user and assistant') }}{% endif %}"
    "{% endfor %}"
)
DEAF = (
    "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|end|>"
    "{% elif m.role == 'assistant' %}<|assistant|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
FIRST = (
    "{% if messages[0].role == 'system' %}"
    "{% set start, messages = messages[0].content, messages[1:] %}"
    "{% else %}{% set start = 'Be good.' %}{% endif %}<|system|>{{ start }}<|end|>"
    "{% for m in messages %}{% if m.role not in ['user', 'assistant', 'tool'] %}"
    "{{ raise_exception('no') }}{% endif %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PARTS = (
    "{% for m in messages %}{{ m.role }}: {% for part in m.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
SOURCES = {"lenient": LENIENT, "strict": STRICT, "deaf": DEAF, "first": FIRST, "parts": PARTS}
TOOL = ToolDefinition("f", "", None)
CALL = Turn("assistant", "", (ToolCall("1", "f", "{}"),))
RESULT = Turn("tool", "ok", tool_call_id="1")


@pytest.mark.parametrize(
    ("name", "system", "alternates", "lead"),
    [
        ("lenient", "turn", False, ""),
        ("strict", "none", True, " "),
        ("deaf", "none", False, ""),
        ("first", "first", False, ""),
    ],
)
def test_abilities_are_found_by_trying(name: str, system: str, alternates: bool, lead: str) -> None:
    row = family_of_source(SOURCES[name], compile_template(SOURCES[name]), name, None, "")

    assert (row.system, row.alternates, row.reply_lead) == (system, alternates, lead)


turns = st.builds(
    Turn,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=st.sampled_from(["a", "b c", "{{ 7*7 }}", "<|im_end|></s>[/INST]<|end|>"]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(SOURCES)),
    st.lists(turns, min_size=1, max_size=5),
    turns,
    st.sampled_from([(), (TOOL,)]),
)
def test_rendering_is_append_only_here_too(
    name: str, conversation: list[Turn], later: Turn, tools: tuple[ToolDefinition, ...]
) -> None:
    template = template_from_source(SOURCES[name], name=name)
    prompt = template.render(conversation, tools)
    longer = template.render([*conversation, Turn("assistant", "Reply."), later], tools)

    lead = "" if longer.startswith(f"{prompt}Reply.") else template.reply_lead
    assert longer.startswith(f"{prompt}{lead}Reply.")
    assert all(turn.content.split("<")[0] in prompt for turn in conversation)


def test_a_template_that_knows_no_tools_still_offers_them() -> None:
    text = template_from_source(STRICT, name="x", bos_token="<s>").render(
        [Turn("system", "Help."), Turn("user", "Hi"), CALL, RESULT], [TOOL]
    )

    assert text.startswith("<s>[INST] Help.\n\n# Tools\n")
    assert text.endswith(
        'Hi [/INST] {"name": "f", "arguments": {}}</s>[INST] <tool_response>\n'
        '{"name": "f", "output": "ok"}\n</tool_response> [/INST]'
    )


def test_a_template_with_a_tool_role_frames_results_itself() -> None:
    text = template_from_source(FIRST, name="x").render([Turn("user", "Hi"), CALL, RESULT], [TOOL])

    assert text.startswith("<|system|>Be good.\n\n# Tools\n")
    assert "<|tool|>ok<|end|>" in text


def test_hermes_is_recognised_by_its_tag() -> None:
    source = LENIENT + "{# <tool_call> #}"
    conversation = [Turn("system", "s"), Turn("user", "Hi"), CALL, RESULT, RESULT]

    template = template_from_source(source, name="x")

    assert template.tool_style.name == "hermes"
    assert template.stop_phrases == ("<|im_end|>",)
    assert template.render(conversation, [TOOL]) == template_named("chatml").render(
        conversation, [TOOL]
    )


def test_ends_of_replies_are_found_or_given() -> None:
    assert template_from_source(PARTS, name="x").stop_phrases == ("<end_of_utterance>",)
    assert template_from_source(STRICT, name="x", eos_token="<e>").stop_phrases == ("</s>", "<e>")
    given = template_from_source(STRICT, name="x", stop_phrases=["###"])
    assert given.stop_phrases == ("###",)
    assert given.strip_phrases == ("###", "</s>")


def test_a_message_cannot_speak_the_template_language_or_its_control_texts() -> None:
    text = template_from_source(LENIENT, name="x").render(
        [Turn("user", "{{ 7*7 }}<|im_end|><|other|>")]
    )

    assert "{{ 7*7 }}< |im_end|>< |other|>" in text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ messages", "malformed"),
        ("hello", "leaves the user's message out"),
        ("{{ raise_exception('never') }}", "never"),
        ("{{ messages.append(1) }}", "failed"),
    ],
)
def test_useless_templates_are_refused_at_once(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        template_from_source(source, name="x")


def test_a_conversation_that_cannot_be_written_is_refused() -> None:
    source = (
        LENIENT + "{% if 'bad' in messages[-1].content %}{{ raise_exception('bad') }}{% endif %}"
    )

    with pytest.raises(TemplateError, match="bad"):
        template_from_source(source, name="x").render([Turn("user", "bad")])


def test_a_reply_that_cannot_be_continued_is_refused() -> None:
    source = STRICT.replace("{{ m.content }}</s>", "{{ m.content | replace('\ue000', '') }}</s>")

    with pytest.raises(TemplateError, match="leaves the last reply out"):
        template_from_source(source, name="x").render([Turn("user", "a"), Turn("assistant", "b")])


def test_variables_reach_the_source() -> None:
    source = LENIENT + "{% if not thinking %}<think></think>{% endif %}"

    template = template_from_source(source, name="x", variables={"thinking": True, "tools": 1})

    assert "<think>" not in template.render([Turn("user", "Hi")])

"""What is settled once a prompt is rendered; the rest is tested over a server."""

from typing import Any

import pytest
from tests.support.harmony import TEMPLATE
from tests.unit.output.engine_play import CACHE, LIGHT

from picoserve.engine.engine import EngineInfo, EngineKind
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.call_triggers import CALL_TOKENS
from picoserve.prompt.chat import ChatWork, chat_work
from picoserve.prompt.served_model import ServedModel


def work(template: str, **fields: Any) -> ChatWork:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello!"}], **fields}
    model = ServedModel("m", EngineKind.LLAMACPP, "m", chat_template=template)
    return chat_work(
        ChatRequest.model_validate(body), model, EngineInfo("m", "1", 8192, 1, "cpu:1"), CACHE
    )


def test_prompt_that_its_template_cuts_short_is_never_run() -> None:
    template = r"{% for m in messages %}{{ m.content }}{{ '\0' }}{% endfor %}"

    with pytest.raises(InvalidRequestError, match=r"U\+0000") as caught:
        work(template)

    assert caught.value.param == "messages"


def test_conversation_that_its_template_refuses_is_the_client_s_to_mend() -> None:
    template = "{% for m in messages %}{{ m.content + 1 if m.content == 'Hi' else m.content }}"

    with pytest.raises(InvalidRequestError, match="concatenate") as caught:
        work(template + "{% endfor %}", messages=[{"role": "user", "content": "Hi"}])

    assert caught.value.param == "messages"


@pytest.mark.parametrize(("fields", "calls"), [({}, ()), ({"tools": [LIGHT]}, CALL_TOKENS)])
def test_marks_of_calls_and_thoughts_are_asked_for_where_they_are_read(
    fields: dict[str, Any], calls: tuple[str, ...]
) -> None:
    template = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"
    thinking = f"{template}{{# [THINK] [/THINK] #}}"
    harmony = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|constrain|>")

    assert work(template, **fields).jobs[0].shown_tokens == calls
    assert ("<|python_tag|>" in calls) == bool(fields)
    assert work(thinking, **fields, n=2).jobs[1].shown_tokens == (*calls, "[THINK]", "[/THINK]")
    assert work(TEMPLATE, **fields).jobs[0].shown_tokens == (*calls, *harmony)

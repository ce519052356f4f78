"""What the last look at a rendered prompt finds; the rest is tested over a server."""

import pytest

from picoserve.constraint import GrammarCache
from picoserve.engine.engine import EngineInfo, EngineKind
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.chat import ChatRequest
from picoserve.prompt.chat import chat_work
from picoserve.prompt.served_model import ServedModel


def test_prompt_that_its_template_cuts_short_is_never_run() -> None:
    template = r"{% for m in messages %}{{ m.content }}{{ '\0' }}{% endfor %}"
    model = ServedModel("m", EngineKind.PICOLLM, "m", chat_template=template)
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}

    with pytest.raises(InvalidRequestError, match=r"U\+0000") as caught:
        chat_work(
            ChatRequest.model_validate(body),
            model,
            EngineInfo("m", "1", 8192, 1, "cpu:1"),
            GrammarCache(),
        )

    assert caught.value.param == "messages"

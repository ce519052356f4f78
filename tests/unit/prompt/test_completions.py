from typing import Any

import pytest
from tests.support.wire import completion_body

from picoserve.engine.engine import EngineInfo, EngineKind
from picoserve.errors import InvalidRequestError
from picoserve.openai_api.completions import CompletionRequest
from picoserve.prompt.completions import completion_jobs
from picoserve.prompt.served_model import ServedModel

MODEL = ServedModel("m", EngineKind.LLAMACPP, "chatml")


def prompts(prompt: Any, *, needs_prompt: bool) -> list[str]:
    info = EngineInfo("m", "1", 2048, 1, "cpu:1", needs_prompt=needs_prompt)
    request = CompletionRequest.model_validate(completion_body(prompt))
    return [job.prompt for job in completion_jobs(request, MODEL, info)]


@pytest.mark.parametrize(("prompt", "param"), [("", "prompt"), (["a", ""], "prompt[1]")])
def test_empty_prompt_is_refused_where_nothing_can_follow_it(prompt: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        prompts(prompt, needs_prompt=True)

    assert refusal.value.param == param


def test_empty_prompt_is_left_to_models_that_can_begin_a_text() -> None:
    assert prompts(["", "a"], needs_prompt=False) == ["", "a"]

"""What the picoLLM adapter makes of images: the native calls, their progress and their ends."""

from typing import Any

import pytest
from tests.engine.conftest import KeptPieces, Load
from tests.standin.model_script import ModelScript, Reply, Status

from picoserve.engine.engine import Capability, EngineError, FailureKind
from picoserve.generation import EngineFinish, Image, Job, Sampling

BLUE = Image(3, 2, bytes((0, 0, 200)) * 6, "blue")


def seer(*replies: Reply, **keys: Any) -> ModelScript:
    return ModelScript(model="qwen3-vl-2b-it [5.37 v1]", vision=True, replies=replies, **keys)


def reader(*replies: Reply, **keys: Any) -> ModelScript:
    model = "deepseek-ocr-2 [3.10 v1]"
    return ModelScript(model=model, ocr=True, generate=False, replies=replies, **keys)


def test_image_and_its_progress_are_told(load: Load) -> None:
    sink = KeptPieces()
    engine = load(seer(Reply(kind="image", text="{user}: {width}x{height} of {rgb}")))

    outcome = engine.generate(Job("What", image=BLUE), sink)

    assert (sink.data + outcome.tail).decode() == "What: 3x2 of 0,0,200"
    assert sink.percents == [25, 50, 75, 100]
    assert sink.prompts == [1], "accepted once, with the tokens of the text"
    assert engine.info.can(Capability.VISION)


def test_everything_else_of_a_job_holds_with_an_image(load: Load) -> None:
    job = Job("x", 2, image=BLUE, top_logprobs=1, sampling=Sampling(seed=3))

    outcome = load(seer(Reply(text="one two three"))).generate(job, KeptPieces())

    assert (outcome.finish, outcome.completion_tokens) == (EngineFinish.LIMIT, 2)
    assert [len(token.top) for token in outcome.tokens] == [1, 1]


def test_refused_image_is_never_accepted(load: Load) -> None:
    sink = KeptPieces()
    engine = load(seer(Reply(text="x"), context_length=20, image_tokens=20))

    with pytest.raises(EngineError) as raised:
        engine.generate(Job("x", image=BLUE), sink)

    assert raised.value.kind is FailureKind.CONTEXT_LENGTH
    assert sink.prompts == []


@pytest.mark.parametrize("end", ["limit", "error"])
def test_full_context_ends_the_reply_however_the_library_says_it(load: Load, end: Any) -> None:
    script = seer(Reply(count=50, context_end=end), context_length=20, image_tokens=10)

    outcome = load(script).generate(Job("x", image=BLUE), sink := KeptPieces())

    assert outcome.finish is EngineFinish.LIMIT
    assert outcome.completion_tokens == len(sink.pieces) == 9


def test_bytes_that_do_not_fit_the_size_never_reach_the_library(load: Load) -> None:
    short = Image(300, 200, b"short", "short")
    with pytest.raises(ValueError, match="do not fit"):
        load(seer(Reply(text="x"))).generate(Job("x", image=short), KeptPieces())


def test_model_that_only_claims_to_see_is_found_out(load: Load) -> None:
    engine = load(ModelScript(), task="vision")
    with pytest.raises(EngineError, match="generate_with_image") as raised:
        engine.generate(Job("x", image=BLUE), KeptPieces())

    assert raised.value.kind is FailureKind.UNSUPPORTED


def test_text_of_an_image_is_read_and_counted(load: Load) -> None:
    engine = load(reader(Reply(kind="ocr", text="one two {rgb}"), eos="<|im_end|>"))

    outcome = engine.generate(Job("", image=BLUE), sink := KeptPieces())

    assert (sink.data + outcome.tail).decode() == "one two 0,0,200<|im_end|>"
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (0, 8)
    assert outcome.finish is EngineFinish.END
    assert sink.percents == [25, 50, 75, 100]


def test_reading_has_a_limit_even_where_none_is_given(load: Load) -> None:
    engine = load(reader(Reply(count=100), context_length=30))

    outcome = engine.generate(Job("", image=BLUE), sink := KeptPieces())

    assert outcome.finish is EngineFinish.LIMIT
    assert len(sink.pieces) == 30


def test_failure_of_reading_keeps_its_kind(load: Load) -> None:
    script = reader(Reply(count=5, status_after=(2, Status.OUT_OF_MEMORY)))
    with pytest.raises(EngineError) as raised:
        load(script).generate(Job("", image=BLUE), KeptPieces())

    assert raised.value.kind is FailureKind.MEMORY

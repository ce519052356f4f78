"""What the llama.cpp engine makes of one job."""

import struct
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.conftest import KeptPieces, tiny_engine
from tests.support.models import SHIPPED

from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.generation import EngineFinish, Job, Sampling

GREEDY = Sampling(temperature=0.0)
QUESTION = "<|im_start|>user\nSend me an emoji<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def engine() -> Generator[LlamaCppEngine, None, None]:
    with tiny_engine() as engine:
        yield engine


def test_long_prompt_shows_that_it_gets_on(engine: LlamaCppEngine) -> None:
    sink = KeptPieces()

    engine.generate(Job("hi " * 1500, max_tokens=1), sink)

    assert sink.percents == sorted(set(sink.percents))
    assert len(sink.percents) >= 4
    assert 0 < sink.percents[0] < sink.percents[-1] < 100


def test_short_prompt_needs_no_progress(engine: LlamaCppEngine) -> None:
    sink = KeptPieces()

    engine.generate(Job("hi", max_tokens=1), sink)

    assert sink.percents == []
    assert sink.prompts == [1]


@pytest.mark.parametrize("stop", [(), (" tiny demo modelX", "<|im_end|>")])
def test_every_token_comes_with_its_text(engine: LlamaCppEngine, stop: tuple[str, ...]) -> None:
    plain, sink = KeptPieces(), KeptPieces()

    engine.generate(Job(QUESTION, max_tokens=40, sampling=GREEDY), plain)
    job = Job(QUESTION, max_tokens=40, sampling=GREEDY, stop=stop, top_logprobs=1)
    outcome = engine.generate(job, sink)

    assert outcome.finish is EngineFinish.END
    assert b"tiny demo model" in sink.data
    assert [token.token for token in sink.tokens] == sink.pieces == plain.pieces


@pytest.mark.parametrize("phrase", [" demo model", "y", "emo m"])
def test_stop_phrase_ends_a_job_that_tells_its_tokens(engine: LlamaCppEngine, phrase: str) -> None:
    sink = KeptPieces()

    job = Job(QUESTION, sampling=GREEDY, stop=("", phrase, "zzz"), top_logprobs=0)
    outcome = engine.generate(job, sink)

    assert outcome.finish is EngineFinish.STOP_PHRASE
    assert phrase.encode() in sink.data
    assert phrase.encode() not in b"".join(sink.pieces[:-1])
    assert outcome.completion_tokens == len(sink.pieces)
    assert outcome.prompt_tokens == len(engine.tokenize(QUESTION))


def test_empty_prompt_begins_where_the_model_begins_a_text(engine: LlamaCppEngine) -> None:
    sink = KeptPieces()

    # What is likeliest to follow is that nothing does.
    outcome = engine.generate(Job("", max_tokens=3, sampling=Sampling(2.0, seed=3)), sink)

    assert outcome.completion_tokens == 3
    assert sink.pieces
    assert outcome.prompt_tokens == 1
    assert not engine.info.needs_prompt


def with_control_token(folder: Path, token: int) -> Path:
    """A copy of the shipped model in which the vocabulary calls one token a control token."""
    data = bytearray(SHIPPED.read_bytes())
    key = b"tokenizer.ggml.token_type"
    # Behind the key: the types of value and items, the number of items, then 32 bits for each.
    start = data.index(key) + len(key) + struct.calcsize("<IIQ")
    struct.pack_into("<i", data, start + 4 * token, 3)
    path = folder / "control.gguf"
    path.write_bytes(data)
    return path


def test_control_token_is_text_where_it_is_asked_for(
    engine: LlamaCppEngine, tmp_path: Path
) -> None:
    whole, without, shown = KeptPieces(), KeptPieces(), KeptPieces()
    job = Job(QUESTION, max_tokens=8, sampling=GREEDY)
    engine.generate(job, whole)
    # A blank is written in another way in the vocabulary.
    piece = next(piece.decode() for piece in whole.pieces[1:] if not piece.startswith(b" "))
    (token,) = engine.tokenize(piece)

    with tiny_engine(path=str(with_control_token(tmp_path, token))) as other:
        other.generate(job, without)
        other.generate(replace(job, shown_tokens=("<none>", piece)), shown)

    assert whole.data.count(piece.encode()) == 1
    assert without.data == whole.data.replace(piece.encode(), b"")
    assert shown.data == whole.data

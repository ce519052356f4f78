"""What the picoLLM adapter makes of the library's pieces, tokens and ends."""

import math
from pathlib import Path
from typing import Any

import pytest
from tests.engine.conftest import KeptPieces, Load
from tests.standin.model_script import ModelScript, Reply, Status, Top, read_journal

from picoserve.engine.engine import EngineError, FailureKind
from picoserve.generation import EngineFinish, Job, Sampling

TEXTS = [
    "👩‍👩‍👧‍👦 family 🏳️‍🌈",
    "日本語と한국어、中文。",
    "e\u0301a\u0300o\u0302\u0323 — ñ",
    "plain",
]


def say(*replies: Reply, **keys: Any) -> ModelScript:
    return ModelScript(replies=replies, journal="journal", **keys)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_whole_however_pieces_split_it(load: Load, text: str, size: int) -> None:
    sink = KeptPieces()

    outcome = load(say(Reply(text=text, piece_bytes=size))).generate(Job("x"), sink)

    assert (sink.data + outcome.tail).decode() == text
    assert outcome.finish is EngineFinish.END


def test_reply_cut_inside_a_character_keeps_its_bytes(load: Load) -> None:
    sink = KeptPieces()

    outcome = load(say(Reply(text="ab😀", piece_bytes=1))).generate(Job("x", max_tokens=4), sink)

    assert sink.data + outcome.tail == "ab😀".encode()[:4]
    assert (outcome.finish, outcome.completion_tokens) == (EngineFinish.LIMIT, 4)


def test_bytes_that_no_piece_brought_are_the_tail(load: Load) -> None:
    # Whole characters only: half a character at the limit comes in no piece.
    script = say(Reply(text="ab😀", piece_bytes=1, stream="characters"))
    sink = KeptPieces()

    outcome = load(script).generate(Job("x", max_tokens=4), sink)

    assert sink.data == b"ab"
    assert outcome.tail == "😀".encode()[:2]


def test_end_token_is_part_of_text_and_counts(load: Load) -> None:
    sink = KeptPieces()

    outcome = load(say(Reply(text="Hi there"), eos="<|im_end|>")).generate(Job("x"), sink)

    assert sink.data == b"Hi there<|im_end|>"
    assert outcome.completion_tokens == len(sink.pieces)


def test_stop_phrase_ends_the_generation(load: Load) -> None:
    sink = KeptPieces()

    outcome = load(say(Reply(text="one two three"))).generate(Job("x", stop=("two",)), sink)

    assert outcome.finish is EngineFinish.STOP_PHRASE
    assert sink.data == b"one two"


def test_empty_stop_phrases_are_left_out(load: Load) -> None:
    sink = KeptPieces()

    outcome = load(say(Reply(text="one two"))).generate(Job("x", stop=("", "")), sink)

    assert (outcome.finish, sink.data) == (EngineFinish.END, b"one two")


def test_without_a_limit_the_context_is_the_limit(load: Load) -> None:
    engine = load(say(Reply(count=100), context_length=20, context_end="error"))
    prompt = "a b c d"

    outcome = engine.generate(Job(prompt), KeptPieces())

    assert outcome.finish is EngineFinish.LIMIT
    assert outcome.completion_tokens == 20 - len(engine.tokenize(prompt))


def test_prompt_that_does_not_fit_is_told_with_both_counts(load: Load) -> None:
    engine = load(say(context_length=10))
    prompt = " word" * 10

    with pytest.raises(EngineError) as failure:
        engine.generate(Job(prompt), KeptPieces())

    assert failure.value.kind is FailureKind.CONTEXT_LENGTH
    assert failure.value.prompt_tokens == len(engine.tokenize(prompt)) >= 10
    assert "10" in failure.value.message


def test_prompt_count_is_that_of_the_library(load: Load, tmp_path: Path) -> None:
    sink = KeptPieces()

    outcome = load(say(bos="<s>")).generate(Job("How are you?"), sink)

    [generated] = read_journal(tmp_path / "journal", "generate")
    assert outcome.prompt_tokens == sink.prompts[0] == generated["prompt_tokens"]


def test_log_probabilities_have_exact_bytes(load: Load) -> None:
    reply = Reply(
        pieces=[b"a", b"\xf0\x9f", b"\x98\x80"],
        log_probs=[(0, -0.5), (1, -1.25), (2, -0.125)],
        top=[
            Top(piece=1, log_prob=-1.25, token=b"\xf0\x9f"),
            Top(piece=1, log_prob=-2.5, token=b"\xe2"),
        ],
    )

    outcome = load(say(reply)).generate(Job("x", top_logprobs=2), KeptPieces())

    assert [token.token for token in outcome.tokens] == [b"a", b"\xf0\x9f", b"\x98\x80"]
    assert [token.logprob for token in outcome.tokens] == [-0.5, -1.25, -0.125]
    assert {choice.token: choice.logprob for choice in outcome.tokens[1].top} == {
        b"\xf0\x9f": -1.25,
        b"\xe2": -2.5,
    }


def test_choices_for_a_repair_are_told_at_the_end_only(load: Load) -> None:
    job = Job("x", top_logprobs=1, repair_choices=5)
    outcome = load(say(Reply(count=100))).generate(job, KeptPieces())

    assert {len(token.top) for token in outcome.tokens[:-12]} == {1}
    assert {len(token.top) for token in outcome.tokens[-12:]} == {5}


def test_log_probabilities_without_alternatives(load: Load) -> None:
    outcome = load(say(Reply(text="one two"))).generate(Job("x", top_logprobs=0), KeptPieces())

    assert [token.token for token in outcome.tokens] == [b"one", b" two"]
    assert all(math.isfinite(t.logprob) and t.top == () for t in outcome.tokens)


def test_tokens_are_not_fetched_unasked(load: Load) -> None:
    assert load(say(Reply(text="one"))).generate(Job("x"), KeptPieces()).tokens == ()


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31 - 2, 2**31 - 1, 2**31, 2**40 + 7, -(2**63)])
def test_every_seed_becomes_a_positive_31_bit_number(load: Load, tmp_path: Path, seed: int) -> None:
    engine = load(say())

    for _ in range(2):
        engine.generate(Job("x", sampling=Sampling(seed=seed)), KeptPieces())

    seeds = [entry["seed"] for entry in read_journal(tmp_path / "journal", "generate")]
    assert seeds[0] == seeds[1]
    assert 0 < seeds[0] < 2**31


def test_neighbouring_seeds_stay_apart(load: Load, tmp_path: Path) -> None:
    engine = load(say())

    for seed in range(5):
        engine.generate(Job("x", sampling=Sampling(seed=seed)), KeptPieces())

    assert len({e["seed"] for e in read_journal(tmp_path / "journal", "generate")}) == 5


def test_no_seed_is_a_random_one(load: Load, tmp_path: Path) -> None:
    load(say()).generate(Job("x"), KeptPieces())

    assert read_journal(tmp_path / "journal", "generate")[0]["seed"] == -1


def test_sampling_reaches_the_library(load: Load, tmp_path: Path) -> None:
    sampling = Sampling(0.5, 0.25, presence_penalty=1.5, frequency_penalty=0.75, seed=4)

    load(say()).generate(Job("x", max_tokens=7, sampling=sampling, top_logprobs=3), KeptPieces())

    [entry] = read_journal(tmp_path / "journal", "generate")
    assert (entry["temperature"], entry["top_p"]) == (0.5, 0.25)
    assert (entry["presence_penalty"], entry["frequency_penalty"]) == (1.5, 0.75)


def test_interrupt_while_speaking_ends_the_job(load: Load) -> None:
    engine = load(say(Reply(count=1000, tokens_per_second=500)))
    sink = KeptPieces(lambda count: engine.interrupt() if count == 3 else None)

    outcome = engine.generate(Job("x"), sink)

    assert outcome.finish is EngineFinish.INTERRUPTED
    assert outcome.completion_tokens <= 4


def test_pieces_of_an_unwanted_job_interrupt_it(load: Load) -> None:
    engine = load(say(Reply(count=1000, tokens_per_second=500, interrupt_overshoot=2)))

    def unwanted(count: int) -> None:
        sink.cancelled = count >= 3

    sink = KeptPieces(unwanted)
    outcome = engine.generate(Job("x"), sink)

    assert outcome.finish is EngineFinish.INTERRUPTED
    assert len(sink.pieces) == 3


def test_unwanted_job_is_not_begun(load: Load, tmp_path: Path) -> None:
    sink = KeptPieces()
    sink.cancelled = True

    outcome = load(say()).generate(Job("x"), sink)

    assert outcome.finish is EngineFinish.INTERRUPTED
    assert read_journal(tmp_path / "journal", "generate") == []


def test_interrupt_of_an_idle_engine_harms_nothing(load: Load) -> None:
    engine = load(say(Reply(text="fine")))
    sink = KeptPieces()

    engine.interrupt()

    assert engine.generate(Job("x"), sink).finish is EngineFinish.END
    assert sink.data == b"fine"


def test_second_turn_evaluates_the_difference_only(load: Load, tmp_path: Path) -> None:
    engine = load(say(Reply(text=" reply")))
    assert engine.info.context_cache

    engine.generate(Job("a b c d e f"), KeptPieces())
    engine.generate(Job("a b c d e f reply g"), KeptPieces())

    first, second = read_journal(tmp_path / "journal", "generate")
    assert (first["cached_tokens"], second["evaluated_tokens"]) == (0, 1)


@pytest.mark.parametrize("how", ["init", "generate"])
def test_model_without_context_cache_runs_without_it(load: Load, how: Any) -> None:
    engine = load(say(Reply(text="fine"), context_caching=False, context_caching_unsupported=how))
    sink = KeptPieces()

    engine.generate(Job("x"), sink)

    assert sink.data == b"fine"
    assert not engine.info.context_cache
    assert sink.changes == ([] if how == "init" else [engine.info])


def test_model_whose_second_load_fails_ends_its_engine(load: Load, tmp_path: Path) -> None:
    without = say(Reply(text="x"), context_caching=False, context_caching_unsupported="generate")
    engine = load(without)
    sink = KeptPieces()
    ModelScript(init_status=Status.OUT_OF_MEMORY).write(tmp_path / "model.pllm")

    with pytest.raises(EngineError) as failure:
        engine.generate(Job("x"), sink)

    assert failure.value.kind is FailureKind.ENGINE_STATE
    assert [info.context_cache for info in sink.changes] == [False]


def test_context_cache_can_be_left_off(load: Load, tmp_path: Path) -> None:
    engine = load(say(), context_cache=False)

    for _ in range(2):
        engine.generate(Job("a b c d"), KeptPieces())

    assert not engine.info.context_cache
    assert read_journal(tmp_path / "journal", "generate")[1]["cached_tokens"] == 0

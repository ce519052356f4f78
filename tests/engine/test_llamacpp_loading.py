"""Loading a GGUF model: its context, its device, and what is told when it fails."""

import json
from pathlib import Path

import pytest
from tests.engine.conftest import KeptPieces, tiny_engine, tiny_spec
from tests.support.models import SHIPPED

from picoserve.engine.engine import EngineError, FailureKind
from picoserve.engine.llamacpp import LlamaCppEngine
from picoserve.engine.llamacpp_loading import slot_context
from picoserve.generation import Job


@pytest.mark.parametrize(
    ("wanted", "trained", "has"),
    [
        (0, 2048, 2048),
        (0, 131_072, 8192),
        (0, 0, 2048),
        (4096, 2048, 2048),
        (1, 2048, 256),
        (300, 2048, 512),
        (1025, 1100, 1100),
        (5000, 0, 5120),
    ],
)
def test_slot_has_what_it_is_given_as_far_as_the_model_goes(
    wanted: int, trained: int, has: int
) -> None:
    assert slot_context(wanted, trained) == has


@pytest.mark.parametrize(("wanted", "slots"), [(4096, 1), (100, 4), (1, 1)])
def test_context_that_is_told_is_the_one_there_is(wanted: int, slots: int) -> None:
    with tiny_engine(context_length=wanted, slots=slots) as engine:
        context = engine.info.context_length
        fits = "hi " * (context - 2)

        outcome = engine.generate(Job(fits, max_tokens=1), KeptPieces())
        with pytest.raises(EngineError) as refusal:
            engine.generate(Job(fits + "hi ", max_tokens=1), KeptPieces())

    assert context == (2048 if wanted > 2048 else 256)
    assert outcome.prompt_tokens == context - 1
    assert refusal.value.kind is FailureKind.CONTEXT_LENGTH


@pytest.mark.parametrize("device", ["gpu", "gpu:7"])
def test_gpu_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(EngineError, match=r"no device 'gpu:[07]'.*devices = \"cpu\"") as refusal:
        LlamaCppEngine(tiny_spec(device=device))

    assert refusal.value.kind is FailureKind.DEVICE


def test_load_that_fails_for_another_reason_does_not_blame_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    whole = SHIPPED.read_bytes()
    assert b"llama" in whole
    path.write_bytes(whole.replace(b"llama", b"lxama"))

    with pytest.raises(EngineError, match="its last lines in the log say why") as failure:
        LlamaCppEngine(tiny_spec(path=str(path)))

    assert failure.value.kind is FailureKind.RUNTIME
    assert json.dumps(str(path))[1:-1] in failure.value.message


def test_model_without_a_beginning_needs_a_prompt(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SHIPPED.read_bytes().replace(b"ggml.bos_token_id", b"ggml.nos_token_id"))

    with tiny_engine(path=str(path)) as engine:
        assert engine.info.needs_prompt

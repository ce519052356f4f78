"""Each error class of the SDK, when the engine starts and while it does a job."""

from pathlib import Path
from typing import Any

import picollm
import pytest
from tests.engine.conftest import KEY, KeptPieces, Load
from tests.standin.model_script import ModelScript, Reply, Status, read_journal

from picoserve.engine.engine import EngineError, FailureKind
from picoserve.engine.picollm_errors import ERRORS
from picoserve.generation import Job, Sampling

K = FailureKind
TABLE = [
    (Status.OUT_OF_MEMORY, K.MEMORY, K.MEMORY),
    (Status.IO_ERROR, K.MODEL_FILE, K.RUNTIME),
    (Status.INVALID_ARGUMENT, K.ACCESS_KEY, K.INVALID_REQUEST),
    (Status.STOP_ITERATION, K.RUNTIME, K.RUNTIME),
    (Status.KEY_ERROR, K.RUNTIME, K.RUNTIME),
    (Status.INVALID_STATE, K.RUNTIME, K.ENGINE_STATE),
    (Status.RUNTIME_ERROR, K.RUNTIME, K.RUNTIME),
    (Status.ACTIVATION_ERROR, K.ACTIVATION, K.ACTIVATION),
    (Status.ACTIVATION_LIMIT_REACHED, K.ACTIVATION, K.ACTIVATION),
    (Status.ACTIVATION_THROTTLED, K.ACTIVATION, K.ACTIVATION),
    (Status.ACTIVATION_REFUSED, K.ACTIVATION, K.ACTIVATION),
]


def refused(load: Load, script: ModelScript, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as failure:
        load(script, **options)
    return failure.value


def failed(load: Load, *messages: str, status: Status) -> EngineError:
    script = ModelScript(
        replies=[Reply(count=9, status_after=(1, status), status_messages=messages)]
    )
    with pytest.raises(EngineError) as failure:
        load(script).generate(Job("x"), KeptPieces())
    return failure.value


def test_table_has_every_class_of_the_sdk() -> None:
    classes = {kind.__name__ for kind in picollm.PicoLLMError.__subclasses__()}

    assert set(ERRORS) == classes
    assert {status for status, _, _ in TABLE} == set(Status)


@pytest.mark.parametrize(("status", "kind", "_"), TABLE)
def test_class_at_the_start(load: Load, status: Status, kind: FailureKind, _: object) -> None:
    error = refused(load, ModelScript(init_status=status, init_messages=["d539b48"]))

    assert error.kind is kind
    assert "d539b48" in error.message


@pytest.mark.parametrize(("status", "_", "kind"), TABLE)
def test_class_at_run_time(load: Load, status: Status, _: object, kind: FailureKind) -> None:
    error = failed(load, "d539b48", status=status)

    assert error.kind is kind
    assert "d539b48" in error.message


def test_gpu_that_cannot_be_used_names_the_driver(load: Load) -> None:
    error = refused(load, ModelScript(), device="gpu:0")

    assert error.kind is FailureKind.DEVICE
    assert "R575" in error.message


def test_device_string_that_the_library_does_not_take(load: Load) -> None:
    assert refused(load, ModelScript(), device="cuda").kind is FailureKind.DEVICE


def test_file_of_another_version(load: Load) -> None:
    error = refused(load, ModelScript(file_version="1.0.0"))

    assert error.kind is FailureKind.MODEL_FILE
    assert "version" in error.message


def test_wrong_access_key_is_told_without_it(load: Load, tmp_path: Path) -> None:
    error = refused(load, ModelScript(access_key="another", journal="journal"))

    # Trying again without context caching would ask for the key a second time.
    assert len(read_journal(tmp_path / "journal", "init")) == 1
    assert error.kind is FailureKind.ACCESS_KEY
    assert KEY not in error.message
    assert "[AccessKey]" in error.message


def test_access_key_in_a_run_time_error_is_taken_out(load: Load) -> None:
    error = failed(load, f"AccessKey `{KEY}` is late", status=Status.RUNTIME_ERROR)

    assert KEY not in error.message


def test_missing_access_key_and_file_are_found_before_the_library_is_asked(load: Load) -> None:
    assert refused(load, ModelScript(), access_key="").kind is FailureKind.ACCESS_KEY
    assert refused(load, ModelScript(), path="/no/such.pllm").kind is FailureKind.MODEL_FILE


def test_damaged_file(load: Load, tmp_path: Any) -> None:
    garbage = tmp_path / "garbage.pllm"
    garbage.write_bytes(b"\0" * 64)

    assert refused(load, ModelScript(), path=str(garbage)).kind is FailureKind.MODEL_FILE


def test_model_that_cannot_generate(load: Load) -> None:
    with pytest.raises(EngineError) as failure:
        load(ModelScript(generate=False)).generate(Job("x"), KeptPieces())

    assert failure.value.kind is FailureKind.UNSUPPORTED


def test_penalty_below_zero_is_refused_by_the_library(load: Load) -> None:
    engine = load(ModelScript())
    assert not engine.info.negative_penalties
    with pytest.raises(EngineError) as failure:
        engine.generate(Job("x", sampling=Sampling(presence_penalty=-1)), KeptPieces())

    assert failure.value.kind is FailureKind.INVALID_REQUEST

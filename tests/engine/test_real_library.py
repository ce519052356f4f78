"""The real native library, as far as it can be seen without a key: devices and their errors."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from picoserve.engine.devices import choose_devices, parse_device
from picoserve.engine.engine import EngineError, EngineKind, EngineSpec, FailureKind
from picoserve.engine.list_devices import listed_devices
from picoserve.engine.picollm import PicoLLMEngine

KEY = "AccessKeyOfNobody/AbC+123=="

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what is asserted was seen on Linux"
)


@pytest.fixture(scope="module")
def devices() -> Sequence[str]:
    return listed_devices()


def refused(folder: Path, device: str) -> EngineError:
    garbage = folder / "garbage.pllm"
    garbage.write_bytes(b"\1" * 4096)
    spec = EngineSpec(EngineKind.PICOLLM, "e", str(garbage), device, access_key=KEY)
    with pytest.raises(EngineError) as failure:
        PicoLLMEngine(spec)
    return failure.value


def test_every_listed_device_is_understood(devices: Sequence[str]) -> None:
    parsed = [parse_device(entry) for entry in devices]

    assert [device.kind for device in parsed].count("cpu") == 1


def test_listed_cpu_becomes_a_device_that_the_library_takes(
    devices: Sequence[str], tmp_path: Path
) -> None:
    [device] = choose_devices("cpu", devices)

    # The device is looked at before the file.
    assert refused(tmp_path, device).kind is FailureKind.MODEL_FILE


def test_listed_entry_itself_is_refused(devices: Sequence[str], tmp_path: Path) -> None:
    entry = next(entry for entry in devices if entry.startswith("cpu"))

    assert refused(tmp_path, entry).kind is not FailureKind.MODEL_FILE


@pytest.mark.parametrize("device", ["cuda:0", "GPU:0", "npu"])
def test_string_that_is_no_device(tmp_path: Path, device: str) -> None:
    assert refused(tmp_path, device).kind is FailureKind.DEVICE


def test_gpu_that_is_not_there_is_an_error_that_names_the_driver(
    devices: Sequence[str], tmp_path: Path
) -> None:
    if any(entry.startswith("gpu") for entry in devices):
        pytest.skip("there is a GPU")
    error = refused(tmp_path, "gpu:0")

    assert error.kind is FailureKind.DEVICE
    assert "R575" in error.message


@pytest.mark.parametrize("device", ["cpu:1", "cuda:0"])
def test_access_key_is_in_no_message(tmp_path: Path, device: str) -> None:
    assert KEY not in refused(tmp_path, device).message

import pytest

from picoserve.engine.devices import (
    DeviceError,
    choose_devices,
    explicit_device,
    parse_device,
    usable_cpus,
)

GPU, SECOND_GPU = "gpu:0 - NVIDIA H200", "gpu:1 - NVIDIA A2"
CPU = "cpu:[0-7] - CPU (8 threads)"


def test_listed_devices_become_arguments_that_create_takes() -> None:
    assert parse_device(GPU).argument == "gpu:0"
    assert parse_device(SECOND_GPU).name == "NVIDIA A2"
    assert parse_device(CPU).argument == f"cpu:{usable_cpus()}"


@pytest.mark.parametrize("entry", ["", "gpu", "gpu:x - A", "npu:0 - X", "cpu:8 - CPU", "cpu:[0-7]"])
def test_unknown_shape_is_reported(entry: str) -> None:
    with pytest.raises(DeviceError, match="unknown shape"):
        parse_device(entry)


def test_words_choose_among_what_is_listed() -> None:
    listed = [GPU, SECOND_GPU, CPU]

    assert choose_devices("gpu", listed) == ["gpu:0", "gpu:1"]
    assert choose_devices("cpu", listed) == [f"cpu:{usable_cpus()}"]
    assert choose_devices("all", listed) == ["gpu:0", "gpu:1", f"cpu:{usable_cpus()}"]


def test_missing_gpu_is_an_error_that_names_the_driver() -> None:
    with pytest.raises(DeviceError, match="R575"):
        choose_devices("gpu", [CPU])


def test_explicit_devices_are_taken_as_they_are() -> None:
    assert choose_devices(["gpu:1", "cpu:4", "gpu"], []) == ["gpu:1", "cpu:4", "gpu:0"]
    assert explicit_device("cpu") == f"cpu:{usable_cpus()}"


@pytest.mark.parametrize("device", ["", "cpu:0", "cpu:-1", "gpu:", "cuda:0", "gpu:0 ", "best"])
def test_what_is_no_device_is_refused(device: str) -> None:
    with pytest.raises(DeviceError, match="is no device"):
        explicit_device(device)


def test_some_cpu_is_always_usable() -> None:
    assert usable_cpus() >= 1

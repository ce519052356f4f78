"""`picoserve devices` on lists of the stand-in library, and on the real one."""

import json
from pathlib import Path

from tests.standin.model_script import ModelScript
from tests.support.command_line import picoserve
from tests.support.models import standin_model


def config_for(library: Path, folder: Path) -> str:
    file = folder / "picoserve.toml"
    file.write_text(standin_model(library, folder, ModelScript()))
    return str(file)


def test_listed_devices_are_shown_as_configuration_takes_them(
    standin_library: Path, tmp_path: Path
) -> None:
    environment = {
        "PICOLLM_STANDIN_DEVICES": "gpu:0 - NVIDIA H200;gpu:1 - Card B;cpu:[0-8] - CPU (8 threads)"
    }
    config = config_for(standin_library, tmp_path)

    result = picoserve("devices", "--config", config, "--json", environment=environment)

    rows = json.loads(result.stdout)
    assert result.returncode == 0
    assert [row["device"] for row in rows[:2]] == ["gpu:0", "gpu:1"]
    assert rows[0]["name"] == "NVIDIA H200"
    assert rows[2]["device"].startswith("cpu:")
    assert "[" not in rows[2]["device"]


def test_device_of_unknown_shape_is_reported(standin_library: Path, tmp_path: Path) -> None:
    environment = {"PICOLLM_STANDIN_DEVICES": "npu:7 - Something new;cpu:[0-1] - CPU (1 threads)"}
    config = config_for(standin_library, tmp_path)

    result = picoserve("devices", "--config", config, environment=environment)

    assert result.returncode == 1
    assert "npu:7 - Something new" in result.stderr
    assert result.stdout.startswith("cpu:")


def test_real_library_lists_the_cpu() -> None:
    result = picoserve("devices")

    assert result.returncode == 0
    assert "cpu:" in result.stdout

from pathlib import Path

import pytest

from picoserve.config.short_cut import models_from_files
from picoserve.errors import ConfigError


@pytest.mark.parametrize(
    ("file_name", "name", "engine"),
    [
        ("phi2-290.pllm", "phi2-290", "picollm"),
        ("tiny.Q4.gguf", "tiny.Q4", "llamacpp"),
        ("MY MODEL.GGUF", "MY-MODEL", "llamacpp"),
    ],
)
def test_a_file_tells_name_and_engine(
    tmp_path: Path, file_name: str, name: str, engine: str
) -> None:
    file = tmp_path / file_name
    file.touch()

    assert models_from_files([file]) == [{"name": name, "engine": engine, "path": str(file)}]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"should be a \.pllm file"):
        models_from_files([tmp_path / "model.safetensors"])


def test_a_missing_file_comes_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "phi2-290.pllm").touch()

    with pytest.raises(
        ConfigError, match=r"No such file or directory; did you mean .*phi2-290\.pllm\?"
    ):
        models_from_files([tmp_path / "phi2_290.pllm"])
    with pytest.raises(ConfigError, match=r"No such file or directory$"):
        models_from_files([tmp_path / "nowhere" / "q.gguf"])


def test_a_file_that_cannot_be_looked_at_comes_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: File name too long$"):
        models_from_files([tmp_path / f"{'x' * 300}.gguf"])
    with pytest.raises(ConfigError, match=r"cannot be read: File name too long$"):
        models_from_files([tmp_path / ("x" * 300) / "a.gguf"])

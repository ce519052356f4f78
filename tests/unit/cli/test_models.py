import json
from pathlib import Path

from tests.support.command_line import picoserve


def test_without_configuration_there_is_the_shipped_model() -> None:
    result = picoserve("models")

    assert result.returncode == 0
    assert "picoserve serve" in result.stdout


def test_configured_models_are_printed_as_columns_and_as_json(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text(
        '[[models]]\nname = "a"\nengine = "llamacpp"\npath = "a.gguf"\naliases = ["x", "y"]\n'
        '[[models]]\nname = "long-name"\nengine = "picollm"\npath = "b.pllm"\n'
        'devices = ["gpu:0", "cpu:4"]\n'
    )
    (tmp_path / "a.gguf").touch()

    columns = picoserve("models", "--config", str(file)).stdout.splitlines()
    rows = json.loads(picoserve("models", "--config", str(file), "--json").stdout)

    assert columns[0].split() == ["MODEL", "ENGINE", "DEVICES", "ALIASES", "FILE"]
    assert columns[1].split() == ["a", "llamacpp", "all", "x", "y", str(tmp_path / "a.gguf")]
    assert columns[2].endswith(
        f"gpu:0 cpu:4  -        {tmp_path / 'b.pllm'} (No such file or directory)"
    )
    assert [row["name"] for row in rows] == ["a", "long-name"]


def test_a_model_file_may_be_named_instead(tmp_path: Path) -> None:
    (tmp_path / "phi2.pllm").touch()

    result = picoserve("models", "--model", str(tmp_path / "phi2.pllm"))

    assert result.stdout.splitlines()[1].split()[:2] == ["phi2", "picollm"]


def test_a_file_that_cannot_be_looked_at_is_listed_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text(f'[[models]]\nname = "a"\nengine = "llamacpp"\npath = "{"x" * 300}"\n')

    result = picoserve("models", "--config", str(file))

    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("x (File name too long)\n")

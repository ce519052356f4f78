from pathlib import Path

from tests.support.command_line import picoserve

MODEL = '[[models]]\nname = "{name}"\nengine = "{engine}"\npath = "{name}.bin"\n'


def test_a_right_configuration_is_called_right(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text("[server]\nport = 7000\n" + MODEL.format(name="a", engine="llamacpp"))
    (tmp_path / "a.bin").touch()

    result = picoserve("config", "check", "--config", str(file))

    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        "The configuration is right: 1 model(s), to be served on 127.0.0.1 port 7000.\n"
    )


def test_what_this_machine_lacks_is_told_all_at_once(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text(
        '[auth]\nkey_file = "keys.txt"\n'
        + MODEL.format(name="a", engine="picollm")
        + 'chat_template = "lama-3"\n'
    )

    result = picoserve("config", "check", "--config", str(file))

    assert result.returncode == 2
    assert "4 problems" in result.stderr
    assert "keys.txt" in result.stderr
    assert "PICOVOICE_ACCESS_KEY" in result.stderr
    assert f"models 'a', path: there is no file '{tmp_path / 'a.bin'}'" in result.stderr
    assert "Did you mean 'llama-3'?" in result.stderr


def test_an_access_key_that_is_there_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text('access_key_file = "key.txt"\n' + MODEL.format(name="a", engine="picollm"))
    (tmp_path / "key.txt").write_text("s3cr3t==")

    result = picoserve("config", "check", "--config", str(file))

    assert "AccessKey" not in result.stderr
    assert "s3cr3t" not in result.stdout + result.stderr

import os
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
    file_problem = f"models 'a', path: '{tmp_path / 'a.bin'}' cannot be read: No such file"
    assert file_problem in result.stderr
    assert "Did you mean 'llama-3'?" in result.stderr


def test_an_access_key_that_is_there_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text('access_key_file = "key.txt"\n' + MODEL.format(name="a", engine="picollm"))
    (tmp_path / "key.txt").write_text("s3cr3t==")

    result = picoserve("config", "check", "--config", str(file))

    assert "AccessKey" not in result.stderr
    assert "s3cr3t" not in result.stdout + result.stderr


def test_a_name_too_long_and_a_penalty_too_low_are_problems_too(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text(MODEL.format(name="x" * 190, engine="llamacpp").replace(".bin", "x" * 190))
    low = tmp_path / "low.toml"
    low.write_text(
        MODEL.format(name="a", engine="picollm") + "[models.sampling]\npresence_penalty = -0.5\n"
    )

    too_long = picoserve("config", "check", "--config", str(file))
    too_low = picoserve("config", "check", "--config", str(low))

    assert (too_long.returncode, too_low.returncode) == (2, 2)
    assert too_long.stderr.endswith("cannot be read: File name too long\n")
    assert "models[0].sampling: presence_penalty should be 0 or more" in too_low.stderr
    assert "Traceback" not in too_long.stderr + too_low.stderr


def test_a_look_makes_no_folder_and_removes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text('[contexts]\nfolder = "state/contexts"\n')
    folder = tmp_path / "state/contexts"

    before = picoserve("config", "check", "--config", str(file))
    assert before.returncode == 0, before.stderr
    assert not folder.parent.exists()

    draft = folder / ".new-ctx_000000000000000000000000"
    draft.mkdir(parents=True)
    os.utime(draft, (0, 0))
    after = picoserve("config", "check", "--config", str(file))
    assert after.returncode == 0, after.stderr
    assert draft.exists()


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "picoserve.toml"
    file.write_text('[contexts]\nfolder = "picoserve.toml/contexts"\n')

    result = picoserve("config", "check", "--config", str(file))

    assert result.returncode == 2
    assert "contexts.folder" in result.stderr
    assert "Not a directory" in result.stderr

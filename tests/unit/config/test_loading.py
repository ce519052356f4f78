from pathlib import Path

import pytest

from picoserve.config.loading import load_settings
from picoserve.config.settings import Settings
from picoserve.errors import ConfigError

MODEL = '[[models]]\nname = "m"\nengine = "llamacpp"\npath = "m.gguf"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "picoserve.toml"


def refused(file: Path | None, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(file, environ=environ)
    # A chained validation error would carry the values into a traceback.
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, OSError)
    return caught.value.message.splitlines()


def test_without_any_source_the_defaults_stand() -> None:
    assert load_settings(environ={}) == Settings()


def test_later_sources_win_key_by_key(file: Path) -> None:
    file.write_text('[server]\nhost = "::1"\nport = 1\nmax_body_bytes = 5000\n')

    server = load_settings(
        file,
        {"server.port": 3, "server.host": None},
        environ={"PICOSERVE_SERVER__PORT": "2", "PICOSERVE_SERVER__MAX_BODY_BYTES": "6000"},
    ).server

    assert (server.host, server.port, server.max_body_bytes) == ("::1", 3, 6000)


def test_one_variable_of_a_table_goes_before_the_whole_table() -> None:
    environ = {"PICOSERVE_SERVER": '{"port": 1, "host": "::1"}', "PICOSERVE_SERVER__PORT": "2"}

    server = load_settings(environ=environ).server

    assert (server.host, server.port) == ("::1", 2)


def test_the_environment_may_name_the_file(file: Path) -> None:
    file.write_text("[server]\nport = 7\n")

    assert load_settings(environ={"PICOSERVE_CONFIG": str(file)}).server.port == 7


def test_paths_start_at_the_folder_of_the_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    file.write_text(
        'access_key_file = "key.txt"\n[auth]\nkey_file = "keys.txt"\n'
        + MODEL.replace("m.gguf", "sub/m.gguf")
        + 'chat_template = "./chat.jinja"\n'
    )

    settings = load_settings(file, environ={})

    assert settings.access_key_file == tmp_path / "key.txt"
    assert settings.auth.key_file == tmp_path / "keys.txt"
    assert settings.models[0].path == tmp_path / "sub/m.gguf"
    assert settings.models[0].chat_template == "{{ messages }}"


def test_a_family_is_no_path(file: Path) -> None:
    file.write_text(MODEL + 'chat_template = "phi3.5"\n')

    assert load_settings(file, environ={}).models[0].chat_template == "phi3.5"


def test_absolute_paths_and_home_stay_what_they_are(file: Path) -> None:
    file.write_text('access_key_file = "~/key.txt"\n' + MODEL.replace("m.gguf", "/m/m.gguf"))

    settings = load_settings(file, environ={})

    assert settings.access_key_file == Path.home() / "key.txt"
    assert settings.models[0].path == Path("/m/m.gguf")


def test_a_home_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "~")

    with pytest.raises(ConfigError, match=r"'~/key\.txt': this user has no home folder"):
        load_settings(environ={"PICOSERVE_ACCESS_KEY_FILE": "~/key.txt"})


def test_paths_of_the_environment_start_here(file: Path) -> None:
    file.write_text("")

    settings = load_settings(file, environ={"PICOSERVE_ACCESS_KEY_FILE": "key.txt"})

    assert settings.access_key_file == Path.cwd() / "key.txt"


def test_models_of_a_later_source_replace_the_earlier_ones(file: Path) -> None:
    file.write_text(MODEL)
    other = {"name": "o", "engine": "picollm", "path": "o.pllm"}

    settings = load_settings(file, {"models": [other]}, environ={})

    assert [model.name for model in settings.models] == ["o"]


def test_every_problem_has_a_line_that_says_who_said_it(file: Path) -> None:
    file.write_text('[server]\nprot = 1\n[log]\nlevel = "loud"\n')

    lines = refused(file, PICOSERVE_POOL__MAX_WAITING="-1", PICOSERVE_BOGUS="1")

    assert [line.split(": ")[:2] for line in lines] == [
        [str(file), "server.prot"],
        ["environment PICOSERVE_POOL__MAX_WAITING", "pool.max_waiting"],
        [str(file), "log.level"],
        ["environment", "PICOSERVE_BOGUS"],
    ]


def test_an_unknown_key_of_the_command_line_is_an_error_too() -> None:
    with pytest.raises(ConfigError, match=r"command line: server\.hots: no such key"):
        load_settings(None, {"server.hots": "x"}, environ={})


def test_broken_toml_is_told_with_its_line(file: Path) -> None:
    file.write_text("[server]\nport = \n")

    assert refused(file) == [f"{file}: not valid TOML: Invalid value (at line 2, column 8)"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_told(file: Path, data: bytes, problem: str) -> None:
    file.write_bytes(data)

    (line,) = refused(file)

    assert line.startswith(str(file))
    assert problem in line


def test_a_missing_file_is_told_with_a_way_out(file: Path) -> None:
    (line,) = refused(file)

    assert f"{file}: the configuration file cannot be read: No such file" in line
    assert "picoserve config example" in line


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "Is a directory" in refused(tmp_path)[0]


def test_checks_rarer_than_the_silence_that_ends_an_engine_are_refused(file: Path) -> None:
    file.write_text("[pool]\nheartbeat_seconds = 60\nsilence_seconds = 20\n")

    (line,) = refused(file)

    assert line.startswith(f"{file}: pool: silence_seconds (20) should be at least twice")


def test_a_file_may_begin_with_a_byte_order_mark(file: Path) -> None:
    file.write_text("[server]\r\nport = 7\r\n", encoding="utf-8-sig", newline="")

    assert load_settings(file, environ={}).server.port == 7


@pytest.mark.parametrize(
    "table",
    [
        "[server]\nport = true\n",
        "[server]\nheader_seconds = true\n",
        "[limits]\nconcurrent_requests = true\n",
        '[[limits.keys]]\nname = "a"\ntokens_per_minute = false\n',
    ],
)
def test_true_is_not_one(file: Path, table: str) -> None:
    file.write_text(table)

    (line,) = refused(file)

    assert line.endswith(": should not be true or false")


def test_what_has_a_whole_path_is_found_without_a_working_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("[server]\nport = 7\n")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert load_settings(file, {"server.port": 8}, environ={}).server.port == 8
    assert "No such file" in refused(Path("picoserve.toml"))[0]

from pathlib import Path

import pytest
from pydantic import ValidationError

from picoserve.config.settings import ACCESS_KEY_VARIABLE, Settings, is_loopback
from picoserve.errors import ConfigError

KEY = "s3cr3t-access-key=="


@pytest.fixture(autouse=True)
def _no_access_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ACCESS_KEY_VARIABLE, raising=False)


def entry(name: str, *aliases: str) -> dict[str, object]:
    return {"name": name, "engine": "llamacpp", "path": "m.gguf", "aliases": aliases}


def test_without_a_word_nothing_is_missing() -> None:
    settings = Settings()

    assert (settings.server.host, settings.server.port, settings.models) == ("127.0.0.1", 8080, ())


@pytest.mark.parametrize(
    "models",
    [
        [entry("a"), entry("a")],
        [entry("a"), entry("b", "a")],
        [entry("a", "x"), entry("b", "x")],
        [entry("a", "a")],
    ],
)
def test_a_name_belongs_to_one_model(models: list[object]) -> None:
    with pytest.raises(ValidationError, match=r"is used by models\[0\] and models\[[01]\]"):
        Settings.model_validate({"models": models})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_other_machines_need_a_key_or_leave_to_come_without(host: str) -> None:
    with pytest.raises(ValidationError, match="can be reached from other machines"):
        Settings.model_validate({"server": {"host": host}})
    Settings.model_validate({"server": {"host": host}, "auth": {"keys": ["k"]}})
    Settings.model_validate({"server": {"host": host, "allow_anonymous": True}})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    Settings.model_validate({"server": {"host": host}})


def test_the_access_key_of_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.txt"
    file.write_text(f"{KEY}\n", encoding="utf-8-sig")
    settings = Settings(access_key_file=file)

    assert settings.access_key() == KEY
    monkeypatch.setenv(ACCESS_KEY_VARIABLE, "from-environment")
    assert settings.access_key() == "from-environment"


def test_without_an_access_key_there_is_none() -> None:
    assert Settings().access_key() == ""


@pytest.mark.parametrize("text", [None, " \n"])
def test_an_access_key_file_without_a_key_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key.txt"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ConfigError, match=r"access_key_file: '.*key\.txt'"):
        Settings(access_key_file=file).access_key()


def test_the_access_key_is_not_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    file.write_text(KEY)
    settings = Settings(access_key_file=file)
    settings.access_key()

    assert KEY not in repr(settings) + settings.model_dump_json()

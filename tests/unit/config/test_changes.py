from picoserve.config.changes import changed_keys
from picoserve.config.settings import Settings


def settings(**tables: object) -> Settings:
    return Settings.model_validate(tables)


def test_same_settings_have_no_changes() -> None:
    assert changed_keys(settings(server={"port": 1}), settings(server={"port": 1})) == []


def test_changed_keys_are_named_with_their_tables() -> None:
    old = settings(server={"port": 1}, auth={"keys": ["a"]})
    new = settings(server={"port": 2, "page": False}, auth={"keys": ["b"]}, log={"level": "debug"})

    assert changed_keys(old, new) == ["server.port", "server.page", "auth.keys", "log.level"]


def test_list_of_tables_is_one_key() -> None:
    new = settings(models=[{"name": "a", "engine": "llamacpp", "path": "a.gguf"}])

    assert changed_keys(settings(), new) == ["models"]

from picoserve.config.model import ModelSettings, SamplingSettings
from picoserve.config.schema import all_keys, keys_of, spelled, table_at
from picoserve.config.server import ServerSettings
from picoserve.config.settings import Settings


def test_keys_come_in_the_order_of_the_class() -> None:
    assert [key.name for key in keys_of(Settings)] == list(Settings.model_fields)


def test_tables_and_lists_of_tables_are_known_as_such() -> None:
    keys = {key.name: key for key in keys_of(Settings)}

    assert keys["server"].table is ServerSettings
    assert keys["models"].items is ModelSettings
    assert keys["models"].is_list
    assert keys["models"].table is keys["server"].items is None


def test_a_list_is_entered_only_on_request() -> None:
    within = [spelled(key.path) for key in all_keys(Settings, through_lists=True)]
    without = [spelled(key.path) for key in all_keys(Settings)]

    assert "models.sampling.top_p" in within
    assert "server.port" in without
    assert "models" in without
    assert not [path for path in without if path.startswith("models.")]


def test_devices_may_be_a_word_and_so_are_no_list() -> None:
    keys = {key.name: key for key in keys_of(ModelSettings)}

    assert not keys["devices"].is_list
    assert keys["aliases"].is_list


def test_a_table_is_found_by_its_place() -> None:
    assert table_at(Settings, ()) is Settings
    assert table_at(Settings, ("models", 3, "sampling")) is SamplingSettings
    assert table_at(Settings, ("server", "port")) is None
    assert table_at(Settings, ("nowhere", "at", "all")) is None


def test_places_are_spelled_as_people_write_them() -> None:
    assert spelled(("models", 0, "sampling", "top_p")) == "models[0].sampling.top_p"


def test_every_key_is_explained() -> None:
    unexplained = [
        spelled(key.path)
        for key in all_keys(Settings, through_lists=True)
        if not key.field.description
    ]

    assert not unexplained

from tests.support.command_line import picoserve

from picoserve.config.example import example_toml


def test_the_example_is_printed_as_it_is() -> None:
    assert picoserve("config", "example").stdout == example_toml()

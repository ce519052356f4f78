"""Names that models give to functions, and which known one they mean."""

import pytest

from picoserve.output.called_name import CalledName

NAMES = ("get_weather", "set_light", "hang-up", "fs.read", "db.read", "end_call", "endCall")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("get_weather", "get_weather"),
        ("GET_WEATHER", "get_weather"),
        ("getWeather", "get_weather"),
        ("get-weather", "get_weather"),
        ("Get weather", "get_weather"),
        ("get_weather()", "get_weather"),
        (r"get\_weather", "get_weather"),
        ("functions.get_weather", "get_weather"),
        ("default_api:getWeather", "get_weather"),
        ("hang_up", "hang-up"),
        ("tools.fs.read", "fs.read"),
        ("fs_read", "fs.read"),
        ("end_call", "end_call"),
        ("endCall", "endCall"),
    ],
)
def test_name_that_is_clearly_meant_is_found(said: str, meant: str) -> None:
    assert CalledName(NAMES).known(said) == meant


@pytest.mark.parametrize(
    "said",
    ["weather", "get_weathers", "read", "endcall", "END_CALL", "", "_", "Bob", "get_weather_now"],
)
def test_name_that_could_be_another_is_left_alone(said: str) -> None:
    assert CalledName(NAMES).known(said) is None


def test_name_is_held_until_its_quote() -> None:
    name = CalledName(NAMES)

    assert [name.feed(part, "") for part in (b"get", b"Wea", b'ther", ', b'"arg')] == [
        b"",
        b"",
        b'get_weather", ',
        b'"arg',
    ]


def test_name_may_have_begun_already() -> None:
    assert CalledName(NAMES).feed(b'Weather"', "get_") == b'weather"'
    assert CalledName(NAMES).feed(b'up"', "get_") == b'up"'


def test_endless_name_is_handed_on() -> None:
    assert CalledName(NAMES).feed(b"x" * 500, "") == b"x" * 500


def test_rest_is_what_was_held() -> None:
    name = CalledName(NAMES)
    name.feed(b"get_we", "")

    assert (name.rest(), name.rest()) == (b"get_we", b"")

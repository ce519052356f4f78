import pytest
from pydantic import ValidationError

from picoserve.config.problems import unknown_key, validation_problems
from picoserve.config.settings import Settings


def problems(values: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    return validation_problems(caught.value, {})


@pytest.mark.parametrize(
    ("place", "nearest"),
    [
        (("server", "prot"), "'server.port'"),
        (("port",), "'server.port'"),
        (("models", 1, "alias"), "'models[1].aliases'"),
        (("pool", "max_wating"), "'pool.max_waiting'"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_one(
    place: tuple[str | int, ...], nearest: str
) -> None:
    assert unknown_key(place) == f"no such key; did you mean {nearest}?"


def test_a_key_like_no_other_comes_with_all_there_are() -> None:
    assert unknown_key(("log", "zzz")) == "no such key; there are level, format, prompts"


def test_an_access_key_in_the_file_is_told_where_to_go() -> None:
    assert "PICOVOICE_ACCESS_KEY" in unknown_key(("access_key",))


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"server": 5}, "server: should be a table, not 5"),
        ({"models": {}}, "models: should be a list"),
        ({"models": [{"engine": "picollm", "path": "x"}]}, "models[0].name: is missing"),
        (
            {"server": {"unknown_fields": "drop"}},
            "server.unknown_fields: should be 'ignore' or 'reject', not 'drop'",
        ),
        (
            {"server": {"port": 99999}},
            "server.port: should be less than or equal to 65535, not 99999",
        ),
    ],
)
def test_a_problem_says_key_fault_and_value(values: object, line: str) -> None:
    assert problems(values) == [line]


@pytest.mark.parametrize(
    "values",
    [
        {"auth": {"keys": "sk-secret"}},
        {"auth": {"keys": ["sk-secret \n"]}},
        {"auth": {"key": "sk-secret"}},
        {"auth": "sk-secret"},
        {"auth": {"livekit": [{"key": "k", "secrets": "sk-secret"}]}},
        {"access_key": "sk-secret"},
        {"access_key_file": "sk-secret=="},
    ],
)
def test_no_problem_repeats_a_secret(values: object) -> None:
    assert "sk-secret" not in "\n".join(problems(values))


def test_a_problem_is_one_line_however_odd_the_value() -> None:
    lines = problems({"log": {"level": "a\nb"}, "server": {"unknown_fields": "x" * 500}})

    assert all("\n" not in line and len(line) < 200 for line in lines)

import pytest

from picoserve.config.environment import read_environment, variable_name


def test_the_key_of_the_client_commands_is_no_setting() -> None:
    assert read_environment({"PICOSERVE_API_KEY": "k"}) == ([], [])


def test_a_variable_is_named_after_its_key() -> None:
    assert variable_name(("server", "port")) == "PICOSERVE_SERVER__PORT"


def test_lists_and_tables_are_json_and_the_rest_is_text() -> None:
    said, problems = read_environment(
        {
            "PICOSERVE_SERVER__PORT": "9000",
            "PICOSERVE_AUTH__KEYS": '["a", "b"]',
            "PICOSERVE_SERVER": '{"host": "::1"}',
        }
    )

    assert not problems
    assert [(one.path, one.value) for one in said] == [
        (("server",), {"host": "::1"}),
        (("auth", "keys"), ["a", "b"]),
        (("server", "port"), "9000"),
    ]


def test_other_variables_the_files_name_and_empty_ones_are_left_alone() -> None:
    said, problems = read_environment(
        {"PATH": "/bin", "PICOSERVE_CONFIG": "x.toml", "PICOSERVE_SERVER__HOST": ""}
    )

    assert not said
    assert not problems


@pytest.mark.parametrize(
    "variable",
    [
        "PICOSERVE_SERVICE_HOST",
        "PICOSERVE_SERVICE_PORT",
        "PICOSERVE_SERVICE_PORT_HTTP",
        "PICOSERVE_PORT",
        "PICOSERVE_PORT_8080_TCP",
        "PICOSERVE_PORT_8080_TCP_ADDR",
        "PICOSERVE_CPU_SERVICE_HOST",
        "PICOSERVE_CPU_PORT",
    ],
)
def test_what_kubernetes_says_of_a_service_is_no_setting(variable: str) -> None:
    assert read_environment({variable: "tcp://10.0.0.1:8080"}) == ([], [])


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("PICOSERVE_PORT", "did you mean PICOSERVE_SERVER__PORT?"),
        ("picoserve_host", "did you mean PICOSERVE_SERVER__HOST?"),
        ("PICOSERVE_LEVEL", "did you mean PICOSERVE_LOG__LEVEL?"),
        ("PICOSERVE_SERVER__PROT", "did you mean PICOSERVE_SERVER__PORT?"),
        ("PICOSERVE_SERVER_PORT", "did you mean PICOSERVE_SERVER__PORT?"),
        ("PICOSERVE_ACCESS_KEY", "PICOVOICE_ACCESS_KEY"),
        ("PICOSERVE_MODELS__0__NAME", "give it as JSON in PICOSERVE_MODELS"),
    ],
)
def test_an_unknown_variable_is_an_error_with_a_hint(variable: str, hint: str) -> None:
    said, problems = read_environment({variable: "8080"})

    assert not said
    assert len(problems) == 1
    assert variable in problems[0]
    assert hint in problems[0]


def test_two_spellings_of_one_variable_are_a_problem() -> None:
    _, problems = read_environment(
        {"PICOSERVE_SERVER__PORT": "9000", "picoserve_server__port": "9001"}
    )

    assert problems == [
        "environment: picoserve_server__port: says the same as PICOSERVE_SERVER__PORT; "
        "unset one of them"
    ]


def test_text_that_is_no_json_is_not_repeated() -> None:
    _, problems = read_environment({"PICOSERVE_AUTH__KEYS": "sk-secret"})

    assert problems == ["environment: PICOSERVE_AUTH__KEYS: should be a list in JSON"]

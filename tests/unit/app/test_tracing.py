import subprocess
import sys
from collections.abc import Mapping

import pytest
from tests.support.command_line import picoserve

from picoserve.app.tracing import traces_url
from picoserve.config.settings import Settings
from picoserve.errors import ConfigError

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
WHOLE = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
EXPORTER = "OTEL_TRACES_EXPORTER"


def settings(endpoint: str = "") -> Settings:
    return Settings.model_validate({"telemetry": {"endpoint": endpoint}})


@pytest.mark.parametrize(
    ("endpoint", "environ", "url"),
    [
        ("", {}, ""),
        ("http://here:4318/", {}, "http://here:4318/v1/traces"),
        ("http://here:4318", {BASE: "https://there/otlp"}, "https://there/otlp/v1/traces"),
        ("", {BASE: "http://there", WHOLE: "http://traces/in"}, "http://traces/in"),
        ("", {EXPORTER: "otlp"}, "http://localhost:4318/v1/traces"),
        ("http://here:4318", {EXPORTER: "none"}, ""),
        ("http://here:4318", {"OTEL_SDK_DISABLED": "true"}, ""),
        ("", {BASE: " ", EXPORTER: ""}, ""),
        (
            "",
            {
                BASE: "http://there",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "http://there/v1/traces",
        ),
    ],
)
def test_traces_go_where_settings_and_environment_say(
    endpoint: str, environ: Mapping[str, str], url: str
) -> None:
    assert traces_url(settings(endpoint), environ) == url


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({EXPORTER: "zipkin"}, EXPORTER),
        ({BASE: "collector:4318"}, BASE),
        ({BASE: "http://there", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTLP_PROTOCOL"),
        ({BASE: "http://there", "OTEL_EXPORTER_OTLP_HEADERS": "a=b,key"}, "OTLP_HEADERS: should"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_variable(
    environ: Mapping[str, str], variable: str
) -> None:
    with pytest.raises(ConfigError, match=variable):
        traces_url(settings(), environ)


def test_an_endpoint_that_is_no_address_is_a_problem_of_the_configuration() -> None:
    result = picoserve("config", "check", environment={"PICOSERVE_TELEMETRY__ENDPOINT": "here"})

    assert result.returncode == 2
    assert "telemetry.endpoint" in result.stderr


@pytest.mark.parametrize("command", ["serve", "config check"])
def test_without_the_extra_who_asks_for_traces_is_told_its_name(command: str) -> None:
    result = without_opentelemetry(command, {EXPORTER: "otlp"})

    assert result.returncode == 2
    assert EXPORTER in result.stderr
    assert "pip install 'picoserve[otel]'" in result.stderr


def test_without_the_extra_who_asks_for_no_traces_is_not_troubled() -> None:
    result = without_opentelemetry("config check", {})

    assert result.returncode == 0, result.stderr


def without_opentelemetry(
    command: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A command where OpenTelemetry's SDK cannot be imported."""
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        f"sys.argv = ['picoserve', *{command.split()!r}]\n"
        "from picoserve.__main__ import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

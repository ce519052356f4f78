"""Whether traces are wanted, and where they go: the settings and OpenTelemetry's variables."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from picoserve.config.settings import Settings
from picoserve.config.telemetry import checked_url
from picoserve.errors import ConfigError

if TYPE_CHECKING:
    from picoserve.tracing.tracer import Tracer

_PATH: Final = "/v1/traces"
_DEFAULT_URL: Final = f"http://localhost:4318{_PATH}"
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HEADERS: Final = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
_PROTOCOL: Final = "http/protobuf"


def tracer_for(settings: Settings, environ: Mapping[str, str]) -> "Tracer | None":
    """The tracer that the settings or the environment ask for; None where nobody does.

    Raises:
        ConfigError: What they ask for cannot be done, or the extra is not installed.
    """
    url = traces_url(settings, environ)
    if not url:
        return None
    try:
        # Costs 0.1 s and 8 MiB, so only where it is asked for.
        from picoserve.tracing.tracer import Tracer  # noqa: PLC0415

        return Tracer(url)
    except ModuleNotFoundError:
        raise ConfigError(
            f"{_asked_by(settings, environ)} asks for traces, and the packages for them are not "
            f"installed: pip install 'picoserve[otel]', or set {_EXPORTER}=none"
        ) from None
    except ValueError as error:
        raise ConfigError(f"OpenTelemetry refuses its environment variables: {error}") from None


def traces_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Where traces are sent, "" for nowhere.

    The variables are those of
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.

    Raises:
        ConfigError: A variable asks for something that is not there.
    """
    source = _asked_by(settings, environ)
    exporter = environ.get(_EXPORTER, "").strip().lower()
    disabled = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if not source or disabled or exporter == "none":
        return ""
    problem = next(_problems(exporter, environ), "")
    if problem:
        raise ConfigError(f"environment: {problem}")
    try:
        return _url(settings, environ)
    except ValueError as error:
        raise ConfigError(f"environment: {source}: {error}") from None


def _problems(exporter: str, environ: Mapping[str, str]) -> Iterator[str]:
    """What variables ask for that is not there."""
    if exporter not in {"", "otlp"}:
        yield f"{_EXPORTER}: should be otlp or none"
    variable = next((name for name in _PROTOCOLS if environ.get(name, "").strip()), "")
    if variable and environ[variable].strip() != _PROTOCOL:
        yield f"{variable}: should be {_PROTOCOL}, or set {_EXPORTER}=none"
    for variable in _HEADERS:
        parts = environ.get(variable, "").split(",")
        if not all("=" in part for part in parts if part.strip()):
            yield f"{variable}: should be NAME=VALUE,NAME=VALUE"


def _asked_by(settings: Settings, environ: Mapping[str, str]) -> str:
    """The variable or the key that asks for traces; "" where there is none."""
    for variable in (_TRACES_ENDPOINT, _ENDPOINT):
        if environ.get(variable, "").strip():
            return variable
    if settings.telemetry.endpoint:
        return "telemetry.endpoint"
    return _EXPORTER if environ.get(_EXPORTER, "").strip() else ""


def _url(settings: Settings, environ: Mapping[str, str]) -> str:
    if whole := environ.get(_TRACES_ENDPOINT, "").strip():
        return checked_url(whole)
    base = environ.get(_ENDPOINT, "").strip() or settings.telemetry.endpoint
    return checked_url(base).rstrip("/") + _PATH if base else _DEFAULT_URL

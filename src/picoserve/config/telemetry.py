"""The table [telemetry]."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from picoserve.config.table import Table


def checked_url(url: str) -> str:
    """The address of a collector. Raises ValueError where it is none."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("should be a URL such as http://127.0.0.1:4318")
    return url


class TelemetrySettings(Table):
    """Where traces are sent, for OpenTelemetry."""

    endpoint: Annotated[str, AfterValidator(checked_url)] = Field(
        default="", examples=["http://127.0.0.1:4318"]
    )
    """The collector that takes traces as OTLP over HTTP; /v1/traces is added. Without it none are
    made, unless OTEL_EXPORTER_OTLP_ENDPOINT is set, which goes before it, as do all of
    OpenTelemetry's own variables. Needs the extra `otel`. Never a prompt is sent."""

"""A span per request, sent to a collector by a thread of its own.

Neither a request nor the end of the server waits for the collector: spans go into a bounded queue,
and what does not fit is dropped.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from picoserve import __version__
from picoserve.logs import get_logger
from picoserve.server.request_facts import RequestFacts
from picoserve.tracing.attributes import arrival_attributes
from picoserve.tracing.clock import wall_clock
from picoserve.tracing.trace import Trace

# Each try of an export is a warning there, its failure an error; and a warning of a header that
# is malformed shows it, with whatever key is in it.
_TALKATIVE: Final = ("opentelemetry.exporter", "opentelemetry.util.re")
_FLUSH_SECONDS: Final = 2.0
_CONTEXT_HEADERS: Final = ("traceparent", "tracestate")

_log = get_logger(__name__)


class Tracer:
    """Begins a trace, or goes on with the client's, for each request that asks for work.

    Sampling, batches, headers and the resource follow OpenTelemetry's own environment variables
    (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`).
    """

    def __init__(self, url: str) -> None:
        """Start the thread that sends.

        Args:
            url: Where OTLP over HTTP is taken, its path included.

        Raises:
            ValueError: One of OpenTelemetry's environment variables holds something unusable.
        """
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url)))
        self._tracer = self._provider.get_tracer("picoserve", __version__)
        self._context = TraceContextTextMapPropagator()

    def begin(
        self, scope: Mapping[str, Any], headers: Mapping[str, str], facts: RequestFacts
    ) -> Trace | None:
        """The trace of a request that has just come; None for one that only looks.

        Args:
            scope: ASGI's.
        """
        if scope["method"] != "POST":
            return None
        carried = {name: headers[name] for name in _CONTEXT_HEADERS if name in headers}
        clock = wall_clock()
        span = self._tracer.start_span(
            "POST",
            self._context.extract(carried),
            kind=SpanKind.SERVER,
            attributes=arrival_attributes(scope, headers),
            start_time=clock.nanoseconds(facts.began),
        )
        return Trace(self._tracer, span, clock)

    def close(self) -> None:
        """Send what is left, for two seconds at most."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_FLUSH_SECONDS)
        if closing.is_alive():
            _log.warning("the last traces could not be sent in time")


def _resource() -> Resource:
    """What the spans are of; the environment goes before picoserve's own name."""
    own = Resource.create({"service.name": "picoserve", "service.version": __version__})
    return own.merge(OTELResourceDetector().detect())

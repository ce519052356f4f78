"""The spans of one request: itself, and for each generation the line and the engine.

    POST /v1/chat/completions
    ├── line                     until an engine was found
    └── chat picoserve-tiny      from then to the end, with the event `first_token`

All but the first are made when the request is over, from what was measured anyway.
"""

from http import HTTPStatus
from time import perf_counter

from opentelemetry import trace as api

from picoserve.pipeline.record import GenerationRecord
from picoserve.server.request_facts import RequestFacts
from picoserve.tracing.attributes import (
    Attributes,
    engine_attributes,
    operation,
    request_attributes,
)
from picoserve.tracing.clock import WallClock


class Trace:
    """One request's spans.

    Attributes:
        trace_id: In hexadecimal, as log lines and W3C headers spell it.
    """

    def __init__(self, tracer: api.Tracer, span: api.Span, clock: WallClock) -> None:
        self._tracer = tracer
        self._span = span
        self._clock = clock
        self.trace_id = api.format_trace_id(span.get_span_context().trace_id)

    def end(self, facts: RequestFacts, route: str) -> None:
        """The request is over.

        Args:
            route: The route's template, "" where none matched.
        """
        now = perf_counter()
        span = self._span
        if span.is_recording():
            for record in facts.records:
                self._tell_of(record, facts, route, now)
            if route:
                span.update_name(f"POST {route}")
            span.set_attributes(request_attributes(facts, route))
            if facts.failure and not _is_clients_fault(facts):
                span.set_status(api.StatusCode.ERROR)
        span.end(self._clock.nanoseconds(now))

    def _tell_of(
        self, record: GenerationRecord, facts: RequestFacts, route: str, now: float
    ) -> None:
        """The spans of one generation. What did not end by itself ends now."""
        placed = record.placed
        waited: Attributes = {"error.type": record.error} if record.error and not placed else {}
        line = self._child("line", record.queued, waited)
        line.end(self._clock.nanoseconds(now if placed is None else placed))
        if placed is None:
            return
        attributes = engine_attributes(record, facts, route)
        engine = self._child(f"{operation(route)} {record.model}", placed, attributes)
        if record.first_piece is not None:
            at = self._clock.nanoseconds(record.first_piece)
            engine.add_event("first_token", timestamp=at)
        engine.end(self._clock.nanoseconds(record.finished or now))

    def _child(self, name: str, began: float, attributes: Attributes) -> api.Span:
        span = self._tracer.start_span(
            name,
            api.set_span_in_context(self._span),
            attributes=attributes,
            start_time=self._clock.nanoseconds(began),
        )
        if "error.type" in attributes:
            span.set_status(api.StatusCode.ERROR)
        return span


def _is_clients_fault(facts: RequestFacts) -> bool:
    """Such a request is no error of the server's span, as the conventions for HTTP have it."""
    return HTTPStatus.BAD_REQUEST <= facts.status < HTTPStatus.INTERNAL_SERVER_ERROR

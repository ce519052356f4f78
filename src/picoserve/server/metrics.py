"""What Prometheus may know: counters and histograms that requests fill.

Names and buckets are vLLM's where it has the metric (its `vllm:` is `picoserve_` here) and
OpenTelemetry's GenAI conventions for token times, with finer first steps: small models on fast
devices need less than a hundredth of a second for a token.
"""

import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from picoserve import __version__
from picoserve.pipeline.record import GenerationRecord
from picoserve.server.request_facts import RequestFacts

_FIRST_TOKEN: Final = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0, 160.0,
)  # fmt: skip
_PER_TOKEN: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
)  # fmt: skip
_LATENCY: Final = (
    0.05, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0,
    120.0, 240.0, 480.0, 960.0,
)  # fmt: skip
_WAIT: Final = (0.001, 0.01, 0.05, *_LATENCY[1:])
_TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144)
_INTERRUPT: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Refusals for now: the codes of errors, each with the settings that it names as exceeded.
_REJECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "model_unavailable": ("",),
    "rate_limit_exceeded": ("concurrent_requests", "requests_per_minute", "tokens_per_minute"),
    "server_is_overloaded": (
        "max_waiting", "max_waiting_tokens", "max_wait_seconds", "max_connections",
    ),
    "server_is_shutting_down": ("",),
}  # fmt: skip


class Metrics:
    """The instruments of one server, in a registry of its own.

    Attributes:
        registry: What `/metrics` shows.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._per_model: list[Counter | Histogram] = []
        self._make_request_instruments(registry)
        self._make_engine_instruments(registry)
        Info("picoserve_build", "What is running.", registry=registry).info(
            {"version": __version__, "python": platform.python_version()}
        )

    def _make_request_instruments(self, registry: CollectorRegistry) -> None:
        model = ("model_name",)

        def counter(name: str, text: str, labels: tuple[str, ...] = model) -> Counter:
            made = Counter(f"picoserve_{name}", text, labels, registry=registry)
            if labels == model:
                self._per_model.append(made)
            return made

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            made = Histogram(f"picoserve_{name}", text, model, registry=registry, buckets=buckets)
            self._per_model.append(made)
            return made

        self._requests = counter(
            "requests",
            "Requests, by how they ended.",
            ("route", "model_name", "status", "finished_reason"),
        )
        self._rejected = counter(
            "requests_rejected",
            "Requests refused for now, by the error's code and the setting that was exceeded.",
            ("code", "limit"),
        )
        self._cancelled = counter("requests_cancelled", "Requests whose client left.")
        self._moved = counter("jobs_moved", "Jobs that another engine took over.")
        self._structured_calls = counter(
            "structured_output_calls", "Engine calls for replies that have to be of a form."
        )
        self._repairs = counter(
            "structured_output_repairs", "Places where such a reply was made legal."
        )
        self._forced_bytes = counter(
            "structured_output_forced_bytes", "Bytes put in because nothing else was legal."
        )
        self._closes = counter(
            "structured_output_closes", "Such replies that were ended without the engine."
        )
        self._misses = counter(
            "structured_output_misses", "Documents that break a schema which was not strict."
        )
        self._prompt_tokens = counter("prompt_tokens", "Prompt tokens of finished jobs.")
        self._cached_tokens = counter(
            "prompt_tokens_cached", "Prompt tokens that were not evaluated again."
        )
        self._context_loads = counter(
            "context_loads", "Saved contexts loaded.", ("model_name", "result")
        )
        self._context_tokens = counter(
            "context_tokens", "Prompt tokens not evaluated because a saved context was loaded."
        )
        self._generated = counter("generation_tokens", "Generated tokens of finished jobs.")
        self._prompt_sizes = histogram("request_prompt_tokens", "Prompt tokens.", _TOKENS)
        self._reply_sizes = histogram("request_generation_tokens", "Generated tokens.", _TOKENS)
        self._wait = histogram("request_queue_time_seconds", "Time in the line.", _WAIT)
        self._prefill = histogram(
            "request_prefill_time_seconds", "From the engine to the first token.", _WAIT
        )
        self._decode = histogram(
            "request_decode_time_seconds", "From the first token to the last.", _WAIT
        )
        self._first_token = histogram(
            "time_to_first_token_seconds", "From the request to its first token.", _FIRST_TOKEN
        )
        self._per_token = histogram(
            "request_time_per_output_token_seconds",
            "Mean time of a token after the first, per job.",
            _PER_TOKEN,
        )
        self._latency = histogram(
            "e2e_request_latency_seconds", "From the request to the last byte.", _LATENCY
        )

    def _make_engine_instruments(self, registry: CollectorRegistry) -> None:
        engine = ("engine",)
        self._engine_tokens = Counter(
            "picoserve_engine_generation_tokens",
            "Tokens generated by an engine.",
            engine,
            registry=registry,
        )
        self._engine_speed = Gauge(
            "picoserve_engine_tokens_per_second",
            "Speed of an engine's last job after its first token.",
            engine,
            registry=registry,
        )
        self._interrupts = Histogram(
            "picoserve_engine_interrupt_seconds",
            "From an interrupt to the engine's being free.",
            engine,
            registry=registry,
            buckets=_INTERRUPT,
        )

    def show_nothing_yet(self, models: Iterable[str], engines: Iterable[str]) -> None:
        """Show these at 0: Prometheus takes no notice of a counter that begins at 1."""
        for model in models:
            for instrument in self._per_model:
                instrument.labels(model)
            for result in ("loaded", "failed"):
                self._context_loads.labels(model, result)
        for engine in engines:
            self._engine_tokens.labels(engine)
            self._interrupts.labels(engine)
        for code, limits in _REJECTIONS.items():
            for limit in limits:
                self._rejected.labels(code, limit)

    def observe(self, facts: RequestFacts, route: str, seconds: float) -> None:
        """Count a request that is over."""
        status = str(facts.shown_status)
        self._requests.labels(route, facts.model, status, facts.finish).inc()
        if facts.failure in _REJECTIONS:
            self._rejected.labels(facts.failure, facts.limit).inc()
        if not facts.records:
            return
        if facts.client_gone:
            self._cancelled.labels(facts.model).inc()
        for record in facts.records:
            self._observe_job(record)
        if facts.first_token_seconds is not None:
            self._first_token.labels(facts.model).observe(facts.first_token_seconds)
        if facts.usage is not None:
            self._latency.labels(facts.model).observe(seconds)

    def interrupted(self, engine: str, seconds: float) -> None:
        """A job that was interrupted has given its place back after so many seconds."""
        self._interrupts.labels(engine).observe(seconds)

    def _observe_job(self, record: GenerationRecord) -> None:
        model = record.model
        if record.wait_seconds is not None:
            self._wait.labels(model).observe(record.wait_seconds)
        if record.prefill_seconds is not None:
            self._prefill.labels(model).observe(record.prefill_seconds)
        if record.decode_seconds is not None:
            self._decode.labels(model).observe(record.decode_seconds)
        if record.moved:
            self._moved.labels(model).inc()
        if record.is_structured:
            self._structured_calls.labels(model).inc(record.calls)
            self._repairs.labels(model).inc(record.repairs)
            self._forced_bytes.labels(model).inc(record.forced_bytes)
            self._closes.labels(model).inc(record.closes)
            self._misses.labels(model).inc(record.misses)
        if record.load is not None:
            result = "failed" if record.load.problem else "loaded"
            self._context_loads.labels(model, result).inc()
            self._context_tokens.labels(model).inc(record.load.saved_tokens)
        self._observe_tokens(record)

    def _observe_tokens(self, record: GenerationRecord) -> None:
        usage, model = record.usage, record.model
        if usage is None:
            return
        self._prompt_tokens.labels(model).inc(usage.prompt_tokens)
        self._cached_tokens.labels(model).inc(usage.cached_tokens or 0)
        self._generated.labels(model).inc(usage.completion_tokens)
        self._prompt_sizes.labels(model).observe(usage.prompt_tokens)
        self._reply_sizes.labels(model).observe(usage.completion_tokens)
        self._engine_tokens.labels(record.engine).inc(usage.completion_tokens)
        per_token = record.seconds_per_token
        if per_token:
            self._per_token.labels(model).observe(per_token)
            self._engine_speed.labels(record.engine).set(1 / per_token)

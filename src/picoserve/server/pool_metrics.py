"""The pool as Prometheus sees it: read when it is asked for, never counted on the way."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from picoserve.pool.keeper import EngineState
from picoserve.pool.pool import Pool


class PoolCollector(Collector):
    """Line and engines of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @override
    def collect(self) -> Iterable[Metric]:
        """All samples, as of now."""
        yield from self._models()
        yield from self._engines()

    def _models(self) -> Iterable[Metric]:
        waiting = GaugeMetricFamily(
            "picoserve_num_requests_waiting", "Requests that wait.", labels=["model_name"]
        )
        running = GaugeMetricFamily(
            "picoserve_num_requests_running", "Jobs on engines.", labels=["model_name"]
        )
        for name, model in self._pool.models.items():
            waiting.add_metric([name], model.waiting)
            running.add_metric([name], sum(row.busy for row in model.statuses()))
        yield waiting
        yield running

    def _engines(self) -> Iterable[Metric]:
        labels = ["engine", "model_name", "device"]
        state = GaugeMetricFamily(
            "picoserve_engine_state", "1 for the state it is in.", labels=[*labels, "state"]
        )
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
            "busy": GaugeMetricFamily("picoserve_engine_jobs", "Jobs on it.", labels=labels),
            "slots": GaugeMetricFamily("picoserve_engine_slots", "Most jobs.", labels=labels),
            "load_seconds": GaugeMetricFamily(
                "picoserve_engine_load_seconds", "Time that loading took.", labels=labels
            ),
            "restarts": CounterMetricFamily(
                "picoserve_engine_restarts", "Starts after the first.", labels=labels
            ),
        }
        for row in self._pool.statuses():
            values = [row.name, row.model, row.device]
            for one in EngineState:
                state.add_metric([*values, one.value], float(row.state is one))
            for attribute, family in families.items():
                family.add_metric(values, getattr(row, attribute))
        yield state
        yield from families.values()

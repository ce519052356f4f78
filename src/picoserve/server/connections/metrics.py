"""Connections as Prometheus sees them: those that are cut never become a request in a log."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from picoserve.server.connections.register import ConnectionRegister, Cut


class ConnectionCollector(Collector):
    """The open connections, and how many were ended before there was a request to answer."""

    def __init__(self, register: ConnectionRegister) -> None:
        self._register = register

    @override
    def collect(self) -> Iterable[Metric]:
        """All samples, as of now."""
        yield GaugeMetricFamily("picoserve_connections", "Open connections.", len(self._register))
        cuts = CounterMetricFamily(
            "picoserve_connections_cut",
            "Connections ended for what the limit says, not by an answer of a route.",
            labels=["limit"],
        )
        for cut in Cut:
            cuts.add_metric([cut], self._register.cuts[cut])
        yield cuts

"""The event loop as Prometheus sees it: tasks that pile up are a leak."""

import asyncio
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override


class LoopCollector(Collector):
    """The running event loop. Collecting outside of one raises RuntimeError."""

    @override
    def collect(self) -> Iterable[Metric]:
        """All samples, as of now."""
        yield GaugeMetricFamily(
            "picoserve_asyncio_tasks", "Tasks of the event loop.", len(asyncio.all_tasks())
        )

"""The metrics of one server: a registry of its own, filled by the pool and by requests."""

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

from picoserve.pool.pool import Pool
from picoserve.server.loop_metrics import LoopCollector
from picoserve.server.metrics import Metrics
from picoserve.server.pool_metrics import PoolCollector


def metrics_for(pool: Pool) -> Metrics:
    """The instruments, wired to the pool."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(LoopCollector())
    registry.register(PoolCollector(pool))
    metrics = Metrics(registry)
    metrics.show_nothing_yet(pool.models, [row.name for row in pool.statuses()])
    pool.watched_by(metrics)
    return metrics

"""Figures of this process's connections to PostgreSQL, read when somebody asks for them."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agentpay.db.engine import Database

MILLISECONDS = 1_000


class PoolMetrics(Collector):
    """`watch` a process's database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._db: Database | None = None
        registry.register(self)

    def watch(self, db: Database) -> None:
        self._db = db

    def collect(self) -> Iterator[Metric]:
        stats = {} if self._db is None else self._db.pool.get_stats()
        for name, key, help in (
            ("agentpay_db_pool_max", "pool_max", "Connections that this process may have"),
            ("agentpay_db_pool_size", "pool_size", "Connections that this process has"),
            ("agentpay_db_pool_idle", "pool_available", "Connections that nobody uses now"),
            ("agentpay_db_pool_waiting", "requests_waiting", "Tasks that wait for a connection now"),
        ):
            yield GaugeMetricFamily(name, help, value=stats.get(key, 0))
        waited = stats.get("requests_wait_ms", 0) / MILLISECONDS
        yield CounterMetricFamily(
            "agentpay_db_pool_uses", "Times that a connection was asked for", stats.get("requests_num", 0)
        )
        yield CounterMetricFamily("agentpay_db_pool_wait_seconds", "Time that tasks waited for a connection", waited)
        failed = stats.get("requests_errors", 0) + stats.get("connections_errors", 0)
        yield CounterMetricFamily("agentpay_db_pool_errors", "Connections that were not had, or not in time", failed)

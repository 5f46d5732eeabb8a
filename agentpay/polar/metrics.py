"""Figures of calls at Polar in this process. No label names a merchant: how many there are has no limit."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentpay.db.engine import Database
from agentpay.polar.bucket import measure_use
from agentpay.polar.gateway import PolarGateway


class PolarMetrics:
    """`watch` a process's gateway; `sample` in the one process that looks at the tables, `forget` elsewhere."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "agentpay_polar_calls_total",
            "Calls at Polar: answered, or the kind of trouble; paused and rate_limited may not have been sent",
            ("method", "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "agentpay_polar_call_seconds",
            "How long calls that were sent took, each try by itself",
            ("method",),
            registry=registry,
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
        )
        self.paused = Gauge(
            "agentpay_polar_paused_organizations", "Organizations whose Polar is not asked here now", registry=registry
        )

        self.waits = Histogram(
            "agentpay_polar_limit_wait_seconds",
            "How long calls waited for leave to be sent, so that Polar's limit holds",
            ("priority",),
            registry=registry,
            buckets=(0.01, 0.05, 0.25, 1, 2, 4, 10, 60),
        )
        self.used = Gauge(
            "agentpay_polar_limit_used_ratio",
            "How much of its limit at Polar the busiest organization uses, 0 to 1 (sampled by one process)",
            registry=registry,
        )

    def watch(self, gateway: PolarGateway) -> None:
        gateway.on_call = self._called
        gateway.observe_waits(lambda priority, seconds: self.waits.labels(priority).observe(seconds))
        self.paused.set_function(lambda: gateway.paused_count)

    async def sample(self, db: Database) -> None:
        self.used.set(await measure_use(db))

    def forget(self) -> None:
        self.used.set(0)

    def _called(self, method: str, outcome: str, seconds: float | None) -> None:
        self.calls.labels(method, outcome).inc()
        if seconds is not None:
            self.seconds.labels(method).observe(seconds)

"""Figures of Polar's deliveries: what this process received and applied, and what waits in the table."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agentpay.db.engine import Database
from agentpay.webhooks import repository


class WebhookMetrics:
    """`received` and `applied` count here; `sample` in the one process that looks at the tables, `forget` elsewhere."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._received = Counter(
            "agentpay_webhooks_received_total",
            "Deliveries: stored, repeated (stored before), refused (not signed with the organization's secret)",
            ("outcome",),
            registry=registry,
        )
        self._applied = Counter(
            "agentpay_webhooks_applied_total",
            "Deliveries taken up: applied, ignored (nothing of ours), failed (tried again), parked",
            ("outcome",),
            registry=registry,
        )
        self.lag = Histogram(
            "agentpay_webhook_lag_seconds",
            "From a delivery's arrival until it was applied or ignored",
            registry=registry,
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600),
        )
        self.oldest = Gauge(
            "agentpay_webhooks_oldest_due_seconds",
            "For how long the longest due delivery has waited (sampled by one process)",
            registry=registry,
        )
        self.waiting = Gauge(
            "agentpay_webhooks_waiting",
            "Deliveries that are not applied yet (sampled by one process)",
            registry=registry,
        )

    def received(self, outcome: str, count: int = 1) -> None:
        self._received.labels(outcome).inc(count)

    def applied(self, outcome: str, lag_seconds: float | None) -> None:
        self._applied.labels(outcome).inc()
        if lag_seconds is not None:
            self.lag.observe(lag_seconds)

    async def sample(self, db: Database) -> None:
        backlog = await repository.measure_backlog(db)
        self.oldest.set(backlog["oldest_seconds"])
        self.waiting.set(backlog["waiting"])

    def forget(self) -> None:
        self.oldest.set(0)
        self.waiting.set(0)

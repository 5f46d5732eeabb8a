"""All figures of this process for Prometheus. Each package counts its own; here they are put together and served.

Labels are closed sets of our own words; the one that names organizations is bounded (`offers/metrics.py`). No label
holds anything that a visitor, a provider or Polar wrote.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol

import psycopg
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)

from agentpay import __version__
from agentpay.compose import Parts
from agentpay.conversations.metrics import ConversationMetrics
from agentpay.db.engine import Database
from agentpay.db.metrics import PoolMetrics
from agentpay.jobs.metrics import JobMetrics
from agentpay.kit.errors import Unavailable
from agentpay.llm.metrics import ModelMetrics
from agentpay.offers.metrics import BudgetMetrics
from agentpay.polar.metrics import PolarMetrics
from agentpay.turns.metrics import TurnMetrics
from agentpay.webhooks.metrics import WebhookMetrics

SAMPLE_SECONDS: Final = 5.0
TICK_SECONDS: Final = 1.0
TICKS_REMEMBERED: Final = 15
"""As many seconds as there are between two questions of an ordinary Prometheus: it sees the worst of them."""


class Sampled(Protocol):
    """Figures that one process of all reads from the tables."""

    async def sample(self, db: Database) -> None: ...

    def forget(self) -> None: ...


class Metrics:
    """Figures of this process. One a process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Gauge("agentpay_build_info", "1, by version", ("version",), registry=registry).labels(__version__).set(1)
        self.requests = Histogram(
            "agentpay_http_request_seconds",
            "Time to the last byte of an answer",
            ("method", "route", "status"),
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
        )
        self.lag = Gauge(
            "agentpay_event_loop_lag_seconds",
            f"The longest that this process came late in the last {TICKS_REMEMBERED} s",
            registry=registry,
        )
        self.turns = TurnMetrics(registry)
        self.conversations = ConversationMetrics(registry)
        self.models = ModelMetrics(registry)
        self.webhooks = WebhookMetrics(registry)
        self.jobs = JobMetrics(registry)
        self.polar = PolarMetrics(registry)
        self.budgets = BudgetMetrics(registry)
        self.pool = PoolMetrics(registry)
        self._sampled: tuple[Sampled, ...] = (self.webhooks, self.polar, self.budgets)

    def watch(self, parts: Parts) -> None:
        """Count what these parts do."""
        self.turns.watch(parts.runner, parts.loop, parts.toolbox)
        self.conversations.watch(parts.appender, parts.hub)
        self.models.watch(parts.models)
        self.polar.watch(parts.polar)
        self.pool.watch(parts.db)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route or "unmatched", str(status)).observe(seconds)

    async def run(self, db: Database) -> None:
        """Look at the tables, where it is this process's part, until cancelled."""
        while True:
            with contextlib.suppress(psycopg.Error, Unavailable):
                await self.sample(db)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def sample(self, db: Database) -> None:
        """Once. What this process saw before is shown no longer where another one looks now."""
        is_sampler = await self.jobs.sample(db)
        for each in self._sampled:
            if is_sampler:
                await each.sample(db)
            else:
                each.forget()

    async def tick(self) -> None:
        """Measure by how much the process comes late, until cancelled."""
        late: deque[float] = deque(maxlen=TICKS_REMEMBERED)
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            late.append(max(time.monotonic() - began - TICK_SECONDS, 0.0))
            self.lag.set(max(late))

    @contextlib.contextmanager
    def served(self, port: int | None) -> Iterator[None]:
        """On a port of its own, without a key: for a network that only the operator reaches. None: not at all."""
        if port is None:
            yield
            return
        server, thread = start_http_server(port, registry=self.registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def text(self) -> bytes:
        return generate_latest(self.registry)

"""Is it alive, is it ready, how is it doing (API § 11)."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import msgspec
import psycopg
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)

from agentpay.compose import Parts
from agentpay.db import migrate
from agentpay.db.engine import Database
from agentpay.jobs.metrics import JobMetrics
from agentpay.kit.caller import Operator
from agentpay.kit.errors import Unavailable
from agentpay.llm.chain import Chain
from agentpay.llm.types import Usage
from agentpay.polar.metrics import PolarMetrics

REDIS_SECONDS_MAX = 1.0
DATABASE_SECONDS_MAX = 3.0
RedisState = Literal["off", "ok", "degraded"]


class Health(msgspec.Struct):
    status: Literal["alive"] = "alive"


class Readiness(msgspec.Struct):
    """`redis`: `off` where none is configured; a Redis that is gone, hangs or only reads degrades nothing but the
    wake-up of workers."""

    status: Literal["ready", "unready"]
    database: Literal["ok", "unreachable", "behind"]
    redis: RedisState


class Metrics:
    """Counters of this process. One a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "agentpay_http_request_seconds",
            "Time to the last byte of an answer",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
        )
        self.turns = Counter(
            "agentpay_turns_total", "Turns that ended in this process", ("status", "reason"), registry=self.registry
        )
        self.turns_running = Gauge("agentpay_turns_running", "Turns running in this process", registry=self.registry)
        self.streams_open = Gauge("agentpay_streams_open", "Event streams open in this process", registry=self.registry)

        self.model_calls = Counter(
            "agentpay_model_calls_total", "Questions to models", ("provider", "outcome"), registry=self.registry
        )
        self.model_first_word = Histogram(
            "agentpay_model_first_word_seconds",
            "From a question to a model's first word",
            ("provider",),
            registry=self.registry,
            buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 15),
        )
        self.model_tokens = Counter(
            "agentpay_model_tokens_total",
            "Tokens by what became of them: cache_read over input + cache_read + cache_write is the cache's hit rate",
            ("provider", "kind"),
            registry=self.registry,
        )
        self.model_breakers = Gauge(
            "agentpay_model_breaker_open", "1 while a provider is not asked", ("provider",), registry=self.registry
        )
        self.guard_stops = Counter(
            "agentpay_guard_stops_total", "Replies of models that the guard stopped", ("kind",), registry=self.registry
        )

        self.jobs = JobMetrics(self.registry)
        self.polar = PolarMetrics(self.registry)

    def watch(self, parts: Parts) -> None:
        """Count this process's turns, streams, calls at Polar and questions to models."""
        parts.models.on_call = self._asked
        self.polar.watch(parts.polar)
        parts.loop.on_guard = lambda kind: self.guard_stops.labels(kind).inc()
        for provider in parts.models.states():
            is_open = partial(_is_open, parts.models, provider)
            self.model_breakers.labels(provider).set_function(is_open)
        self.turns_running.set_function(lambda: parts.runner.running_count)
        self.streams_open.set_function(lambda: parts.hub.stream_count)
        parts.runner.on_end = lambda status, reason: self.turns.labels(status, reason or "").inc()

    def _asked(self, provider: str, outcome: str, first_word: float | None, usage: Usage) -> None:
        self.model_calls.labels(provider, outcome).inc()
        if first_word is not None:
            self.model_first_word.labels(provider).observe(first_word)
        for kind, tokens in (
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
            ("cache_read", usage.cache_read_tokens),
            ("cache_write", usage.cache_write_tokens),
        ):
            if tokens:
                self.model_tokens.labels(provider, kind).inc(tokens)

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

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route or "unmatched", str(status)).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


def _is_open(models: Chain, provider: str) -> float:
    return 1.0 if models.states().get(provider) == "open" else 0.0


@get("/healthz", status_code=200, operation_id="healthz", tags=["operations"])
async def healthz() -> Health:
    """The process answers."""
    return Health()


@get(
    "/readyz",
    status_code=200,
    operation_id="readyz",
    tags=["operations"],
    responses={503: ResponseSpec(Readiness, description="Not ready: see `database`.")},
)
async def readyz(db: NamedDependency[Database], redis_url: NamedDependency[str | None]) -> Response[Readiness]:
    """Whether requests can be served: the database answers and is not behind this code. Redis never decides."""
    database = await database_state(db)
    is_ready = database == "ok"
    body = Readiness("ready" if is_ready else "unready", database, await redis_state(redis_url))
    headers = {} if is_ready else {"Retry-After": "2"}
    return Response(body, status_code=200 if is_ready else 503, headers=headers)


@get("/metrics", status_code=200, operation_id="metrics", tags=["operations"], media_type="text/plain")
async def metrics_page(operator: NamedDependency[Operator], metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """Prometheus text format. Admin key; `AGENTPAY_METRICS_PORT` serves the same on a port of its own."""
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def database_state(db: Database) -> Literal["ok", "unreachable", "behind"]:
    """`behind` when migrations of this code are missing; a newer database is fine (expand, then contract)."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS_MAX):
            revision = await db.value("select version_num from alembic_version")
    except psycopg.errors.UndefinedTable:
        return "behind"
    except (psycopg.Error, Unavailable, TimeoutError):
        return "unreachable"
    known = migrate.revisions()
    return "behind" if revision is None or revision in known[:-1] else "ok"


async def redis_state(url: str | None) -> RedisState:
    if url is None:
        return "off"
    try:
        async with asyncio.timeout(REDIS_SECONDS_MAX):
            await _check(url)
    except (OSError, TimeoutError, ConnectionError, ValueError):
        return "degraded"
    return "ok"


async def _check(url: str) -> None:
    from agentpay.jobs.redis import check  # Redis is optional: not imported where none is configured

    await check(url)


HANDLERS: list[Any] = [healthz, readyz, metrics_page]

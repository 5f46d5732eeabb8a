"""Is it alive, is it ready, how is it doing (API § 11)."""

import asyncio
import contextlib
from collections.abc import Iterator
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
from agentpay.kit.caller import Operator
from agentpay.kit.errors import Unavailable

REDIS_SECONDS_MAX = 1.0
DATABASE_SECONDS_MAX = 3.0
RedisState = Literal["off", "ok", "degraded"]


class Health(msgspec.Struct):
    status: Literal["alive"] = "alive"


class Readiness(msgspec.Struct):
    """`redis`: `off` where none is configured; a Redis that is gone degrades nothing but the wake-up of workers."""

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

    def watch(self, parts: Parts) -> None:
        """Count this process's turns and streams."""
        self.turns_running.set_function(lambda: parts.runner.running_count)
        self.streams_open.set_function(lambda: parts.hub.stream_count)
        parts.runner.on_end = lambda status, reason: self.turns.labels(status, reason or "").inc()

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
            await _ping(url)
    except (OSError, TimeoutError, ConnectionError, ValueError):
        return "degraded"
    return "ok"


async def _ping(url: str) -> None:
    from agentpay.jobs.redis import ping  # Redis is optional: not imported where none is configured

    await ping(url)


HANDLERS: list[Any] = [healthz, readyz, metrics_page]

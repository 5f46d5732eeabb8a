"""Is it alive, is it ready, how is it doing (API § 11)."""

import asyncio
from typing import Any, Literal

import msgspec
import psycopg
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from prometheus_client import CONTENT_TYPE_LATEST

from agentpay.db import migrate
from agentpay.db.engine import Database
from agentpay.kit.caller import Operator
from agentpay.kit.errors import Unavailable
from agentpay.metrics import Metrics

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

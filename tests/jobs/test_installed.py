"""The service as it is put together with a Redis: a web without jobs, a worker, metrics and readiness."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from cryptography.fernet import Fernet

from agentpay import worker
from agentpay.compose import build, started
from agentpay.db.engine import Database
from agentpay.jobs.jobs import PURGE
from agentpay.metrics import Metrics
from agentpay.serve import Running, running
from agentpay.settings import Settings, read
from tests.cast import ADMIN_KEY
from tests.jobs.bench import LOOK_SECONDS, Bench, until
from tests.jobs.redis_server import RedisServer


def installed(quiet_database_url: str, redis_url: str) -> Settings:
    return read(
        {
            "AGENTPAY_DATABASE_URL": quiet_database_url,
            "AGENTPAY_REDIS_URL": redis_url,
            "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "AGENTPAY_ADMIN_KEYS": ADMIN_KEY,
            "AGENTPAY_DRAIN_SECONDS": "1",
            "AGENTPAY_LOG_LEVEL": "error",
        }
    )


@asynccontextmanager
async def web_and_worker(settings: Settings, metrics: Metrics) -> AsyncIterator[Running]:
    parts, stop = build(settings, providers={}), asyncio.Event()
    async with running(settings, with_worker=False, providers={}) as web, started(parts):
        working = asyncio.create_task(worker.work(parts, stop, metrics=metrics))
        try:
            yield web
        finally:
            stop.set()
            await working


async def enqueue(web: Running, bench: Bench, *, count: int) -> None:
    """What the web enqueues, the worker has done."""
    async with web.parts.db.transaction() as tx:
        await web.parts.jobs.enqueue(tx, PURGE, {"n": count})
    async with asyncio.timeout(15):
        while [row["status"] for row in await bench.rows(PURGE) if row["arguments"]] != ["done"] * count:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


async def until_scheduled(db: Database) -> None:
    """Every recurring kind has had its first turn."""
    async with asyncio.timeout(15):
        while not set(worker.SCHEDULES) <= {row["kind"] for row in await db.all("select kind from schedules")}:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


async def test_a_worker_does_the_jobs_of_a_web_with_redis_and_without(
    db: Database, quiet_database_url: str, redis_server: RedisServer
) -> None:
    bench, metrics = Bench(db), Metrics()
    settings = installed(quiet_database_url, redis_server.url)
    async with web_and_worker(settings, metrics) as web, httpx.AsyncClient(base_url=web.url) as http:

        async def redis_state() -> str:
            answer = await http.get("/readyz")
            assert answer.status_code == 200, "Redis never decides"
            state: str = answer.json()["redis"]
            return state

        await enqueue(web, bench, count=1)
        assert await redis_state() == "ok"
        await until_scheduled(db)
        redis_server.stop()
        assert await redis_state() == "degraded"
        await enqueue(web, bench, count=2)
        redis_server.start()
        await until(lambda: web.parts.redis is not None and web.parts.redis.is_well)
        await enqueue(web, bench, count=3)
        assert await redis_state() == "ok"
        page = (await http.get("/metrics", headers={"Authorization": f"Bearer {ADMIN_KEY}"})).text
    assert "agentpay_jobs_oldest_due_seconds" in page
    assert f'agentpay_job_runs_total{{kind="{PURGE}",outcome="done"}}' in metrics.text().decode()

"""Redis gone, flushed, read-only, frozen: jobs run all the same, and the log says so once."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from agentpay.db.engine import Database
from agentpay.jobs.redis_link import WAITING_MAX
from agentpay.kit.ids import uuid7
from agentpay.operations import redis_state
from tests.jobs.bench import Bench, until
from tests.jobs.redis_server import RedisServer

SHORT_SECONDS = 0.2
FROZEN_SECONDS = 0.5


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What Redis made us say."""
    capture, before = LogCapture(), structlog.get_config()
    structlog.configure(processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(0))
    yield capture.entries
    structlog.configure(**before)


def events(logged: list[Any]) -> list[str]:
    return [entry["event"] for entry in logged if entry["event"].startswith("redis.")]


async def test_redis_is_not_there_at_the_start(db: Database, redis_server: RedisServer, logged: list[Any]) -> None:
    redis_server.stop()
    bench = Bench(db, redis_server.url)
    stop = asyncio.Event()
    async with bench.linked():
        working = asyncio.create_task(bench.worker().run(stop))
        await bench.enqueue()
        await bench.until_statuses("done")
        assert await redis_state(redis_server.url) == "degraded"
        redis_server.start()
        await until(lambda: bench.link is not None and bench.link.is_well)
        assert await redis_state(redis_server.url) == "ok"
        await bench.enqueue()  # the safety net waits for ever now: Redis tells of this one
        await bench.until_statuses("done", "done")
        stop.set()
        await working
    assert events(logged) == ["redis.lost", "redis.returned"]


async def test_redis_goes_and_comes_back_while_jobs_run(
    db: Database, redis_server: RedisServer, logged: list[Any]
) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.working():
        await bench.enqueue({"n": 1})
        await bench.until_statuses("done")
        redis_server.stop()
        for n in range(2, 5):
            await bench.enqueue({"n": n})
        await bench.until_statuses(*["done"] * 4)
        redis_server.start()
        await until(lambda: bench.link is not None and bench.link.is_well)
        await bench.enqueue({"n": 5})
        await bench.until_statuses(*["done"] * 5)
    assert sorted(run["n"] for run in bench.ran) == [1, 2, 3, 4, 5]
    assert events(logged) == ["redis.lost", "redis.returned"]


async def test_what_a_flushed_redis_forgot_is_found_in_the_table(db: Database, redis_server: RedisServer) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.linked():
        await until(lambda: bench.link is not None and bench.link.is_well)
        for _ in range(3):
            await bench.enqueue()
        await until(lambda: redis_server.waiting() == 3)
    redis_server.command("FLUSHALL")
    again = Bench(db, redis_server.url, patience_seconds=SHORT_SECONDS)
    async with again.working():
        await again.until_statuses("done", "done", "done")
    assert len(again.ran) == 3


async def test_a_redis_that_only_reads_is_degraded_and_jobs_run(
    db: Database, redis_server: RedisServer, logged: list[Any]
) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.working():
        redis_server.command("REPLICAOF", "127.0.0.1", "9")
        await bench.enqueue()
        await bench.until_statuses("done")
        await until(lambda: bench.link is not None and not bench.link.is_well)
        assert await redis_state(redis_server.url) == "degraded"
        await bench.enqueue()
        await bench.until_statuses("done", "done")
        redis_server.command("REPLICAOF", "NO", "ONE")
        await until(lambda: bench.link is not None and bench.link.is_well)
    assert events(logged) == ["redis.lost", "redis.returned"]


async def test_a_redis_that_does_not_answer_holds_nothing_up(
    db: Database, redis_server: RedisServer, logged: list[Any]
) -> None:
    bench = Bench(db, redis_server.url, answer_seconds=FROZEN_SECONDS)
    async with bench.working():
        redis_server.freeze()
        async with asyncio.timeout(5):
            await bench.enqueue()  # whoever enqueues does not wait for Redis
        await bench.until_statuses("done")
        redis_server.thaw()
        await until(lambda: bench.link is not None and bench.link.is_well)
        await bench.enqueue()
        await bench.until_statuses("done", "done")
    assert events(logged)[:2] == ["redis.lost", "redis.returned"]


async def test_a_process_ends_although_redis_hangs(db: Database, redis_server: RedisServer) -> None:
    bench = Bench(db, redis_server.url, answer_seconds=FROZEN_SECONDS)
    async with asyncio.timeout(20):
        async with bench.working():
            await bench.enqueue()
            await bench.until_statuses("done")
            redis_server.freeze()


async def test_redis_holds_ids_alone_and_nothing_pickled(db: Database, redis_server: RedisServer) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.linked():
        await until(lambda: bench.link is not None and bench.link.is_well)
        await bench.enqueue({"secret": "not-for-redis"})
        await until(lambda: redis_server.waiting() == 1)
        (row,) = await bench.rows()
        keys = redis_server.command("KEYS", "arq:job:*")
        assert isinstance(keys, list)
        stored = redis_server.command("GET", keys[0].decode())
    assert isinstance(stored, bytes)
    assert str(row["id"]).encode() in stored
    assert b"not-for-redis" not in stored
    assert b"cbuiltins" not in stored
    assert not stored.startswith(b"\x80\x04"), "a pickle"


async def test_rubbish_in_redis_runs_nothing_and_stops_nothing(db: Database, redis_server: RedisServer) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.working():
        for name, content in (("rubbish", "\\x80\\x04."), ("nothing", "")):
            redis_server.command("SET", f"arq:job:{name}", content)
            redis_server.command("ZADD", "agentpay:jobs", "1", name)
        assert bench.link is not None
        await bench.link.client.enqueue_job("os.system", "true")
        await bench.link.client.enqueue_job("run_job", "not an id", {"n": 1})
        bench.link.push(uuid7(), 0)
        await until(lambda: redis_server.waiting() == 0)
        assert bench.ran == []
        await bench.enqueue()
        await bench.until_statuses("done")


async def test_no_id_stays_behind_in_redis(db: Database, redis_server: RedisServer) -> None:
    bench = Bench(db, redis_server.url)
    async with bench.working():
        for _ in range(20):
            await bench.enqueue()
        await bench.until_statuses(*["done"] * 20)
        await until(lambda: redis_server.waiting() == 0)
        await until(lambda: redis_server.command("KEYS", "arq:*:*[0-9a-f]*") == [])


async def test_ids_that_nobody_takes_do_not_fill_the_memory(db: Database, redis_server: RedisServer) -> None:
    redis_server.freeze()
    bench = Bench(db, redis_server.url, answer_seconds=FROZEN_SECONDS)
    assert bench.link is not None
    for _ in range(WAITING_MAX + 10):
        bench.link.push(uuid7(), 0)
    assert bench.link.waiting_count == WAITING_MAX
    async with bench.linked():
        await until(lambda: bench.link is not None and bench.link.waiting_count == 0)

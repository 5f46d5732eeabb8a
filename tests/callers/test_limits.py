"""How often: limits hold across replicas, by the database's clock."""

import asyncio

import httpx
import pytest

from agentpay.callers import jobs, limits
from agentpay.db.engine import Database
from agentpay.kit.errors import Limited
from tests.callers.cast import Shop, add_key, bearing
from tests.callers.conftest import SECRET_KEY_LIMIT

# Windows begin with the clock's minute; a day's window does not end while a test runs (but for one in 86,400 / 2 s).
DAY = 24 * 3600


async def test_the_limit_is_reached_exactly_however_many_ask_at_once(db: Database) -> None:
    async def ask() -> bool:
        try:
            await limits.count(db, bucket="b", limit=5, window_seconds=DAY)
        except Limited:
            return False
        return True

    answers = await asyncio.gather(*(ask() for _ in range(20)))
    assert answers.count(True) == 5
    assert await db.value("select used from rate_windows") == 5


async def test_buckets_do_not_share(db: Database) -> None:
    await limits.count(db, bucket="a", limit=1, window_seconds=DAY)
    await limits.count(db, bucket="b", limit=1, window_seconds=DAY)
    with pytest.raises(Limited):
        await limits.count(db, bucket="a", limit=1, window_seconds=DAY)


async def test_who_is_limited_learns_when_to_come_back(db: Database) -> None:
    with pytest.raises(Limited) as caught:
        await limits.count(db, bucket="a", limit=0, window_seconds=60)
    assert 1 <= caught.value.retry_after <= 60


async def test_a_new_window_starts_from_nothing(db: Database) -> None:
    await limits.count(db, bucket="a", limit=1, window_seconds=DAY)
    await db.run("update rate_windows set window_start = window_start - interval '1 day'")
    await limits.count(db, bucket="a", limit=1, window_seconds=DAY)


async def test_a_count_joins_a_transaction_that_fails(db: Database) -> None:
    async def count_and_fail() -> None:
        async with db.transaction() as tx:
            await limits.count(tx, bucket="a", limit=1, window_seconds=DAY)
            raise KeyError

    with pytest.raises(KeyError):
        await count_and_fail()
    await limits.count(db, bucket="a", limit=1, window_seconds=DAY)


async def test_old_windows_are_purged(db: Database) -> None:
    await limits.count(db, bucket="old", limit=1)
    await db.run("update rate_windows set window_start = now() - interval '2 days'")
    await limits.count(db, bucket="new", limit=1)
    assert await limits.purge(db) == 1
    assert await db.value("select bucket from rate_windows") == "new"


async def test_the_worker_purges_keys_and_windows(db: Database) -> None:
    await limits.count(db, bucket="old", limit=1)
    await db.run("update rate_windows set window_start = now() - interval '2 days'")
    await db.run(
        "insert into idempotency_keys (caller, key, request_hash, locked_until, created_at)"
        " values ('admin:a', 'k', %s, now(), now() - interval '25 hours')",
        (bytes(32),),
    )
    [purge] = jobs.handlers(db).values()
    await purge({})
    left = "select (select count(*) from rate_windows) + (select count(*) from idempotency_keys)"
    assert await db.value(left) == 0


async def test_a_secret_key_has_so_many_requests_a_minute(client: httpx.AsyncClient, db: Database, acme: Shop) -> None:
    await client.get("/v1/orders", headers=bearing(acme.secret_key))
    await db.run("update rate_windows set used = %s", (SECRET_KEY_LIMIT,))
    await db.run(  # whichever minute it is when the next request comes
        "insert into rate_windows select bucket, window_start + interval '1 minute', used from rate_windows"
    )
    refused = await client.get("/v1/orders", headers=bearing(acme.secret_key))
    assert (refused.status_code, refused.json()["error"]) == (429, "TooManyRequests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    other = await add_key(db, organization_id=acme.organization_id, kind="secret")
    assert (await client.get("/v1/orders", headers=bearing(other))).status_code == 200
    token = bearing(acme.token)
    assert (await client.get(f"/v1/agent/conversations/{acme.conversation_id}", headers=token)).status_code == 200

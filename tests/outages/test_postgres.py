"""PostgreSQL goes away, is full or busy: who asks is told so in the contract's words, and nothing is left half-done."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agentpay.db.engine import POOL_WAIT_SECONDS_MAX, Database
from agentpay.kit.ids import uuid7
from agentpay.sandbox.postgres import EmbeddedPostgres
from agentpay.sandbox.stage import Stage
from tests.cast import Shop, Visitor
from tests.conftest import empty
from tests.outages.conftest import POOL_MAX
from tests.outages.shop import opened
from tests.webhooks.test_inbox import deliver, with_secret

VISITORS = 6
RECOVERY_SECONDS_MAX = 30.0


@pytest_asyncio.fixture
async def acme(stage: Stage) -> AsyncIterator[Shop]:
    yield await opened(stage)
    await empty(stage.service.parts.db)


def check_refusal(answer: httpx.Response) -> None:
    """503, `Retry-After`, the contract's shape, no word about databases' insides."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    body = answer.json()
    assert body["error"] == "Unavailable"
    assert set(body) == {"error", "detail"}
    assert "psycopg" not in answer.text


async def persisted(ask: Callable[[], Awaitable[httpx.Response]], refused: list[httpx.Response]) -> httpx.Response:
    """As a good client: again while it is told to come again."""
    async with asyncio.timeout(RECOVERY_SECONDS_MAX):
        while True:
            answer = await ask()
            if answer.status_code != 503:
                return answer
            refused.append(answer)
            await asyncio.sleep(0.05)


async def chat(sam: Visitor, refused: list[httpx.Response], stop: asyncio.Event) -> list[str]:
    """Say numbered sentences until `stop`, each with its own key; returns what was said."""
    said: list[str] = []
    while not stop.is_set():
        text, key = f"hello number {len(said)}", str(uuid7())
        headers = {"Idempotency-Key": key}
        answer = await persisted(lambda: sam.post("/messages", {"content": text}, headers=headers), refused)  # noqa: B023 (called before the loop goes on)
        assert answer.status_code in (200, 202), answer.text  # 202: stored, the answer comes by the stream
        said.append(text)
    return said


async def test_a_restart_under_load_loses_nothing_doubles_nothing_and_needs_no_restart_of_ours(
    stage: Stage, acme: Shop, mortal: EmbeddedPostgres
) -> None:
    db, stop, refused = stage.service.parts.db, asyncio.Event(), list[httpx.Response]()
    visitors = [await acme.visitor() for _ in range(VISITORS)]
    chats = [asyncio.create_task(chat(sam, refused, stop)) for sam in visitors]
    await said_at_least(db, VISITORS)
    await asyncio.to_thread(mortal.stop)
    await patience_ends(refused)
    await asyncio.to_thread(mortal.start)
    before = int(await persisted_value(db, "select count(*) from messages where role = 'user'"))
    await said_at_least(db, before + 3 * VISITORS)
    stop.set()
    told = await asyncio.gather(*chats)
    await settled(db)
    for sam, said in zip(visitors, told, strict=True):
        rows = await db.all("select content from messages where conversation_id = %s and role = 'user'"
                            " order by sequence", (sam.id,))  # fmt: skip
        assert [row["content"] for row in rows] == said
    replies = "select count(m.id) from turns t left join messages m on m.id = t.reply_id group by t.id"
    assert {row["count"] for row in await db.all(replies)} == {1}  # every turn has its one reply
    assert await db.value("select count(*) from turns where status <> 'completed'") == 0
    assert await db.value("select count(*) from drafts") == 0
    for answer in refused:
        check_refusal(answer)
    await streams_and_jobs_work(stage, visitors[0])


async def patience_ends(refused: list[httpx.Response]) -> None:
    """A short outage is waited out; this one is not."""
    async with asyncio.timeout(3 * POOL_WAIT_SECONDS_MAX):
        while not refused:  # noqa: ASYNC110 (told by the clients' answers)
            await asyncio.sleep(0.02)


async def streams_and_jobs_work(stage: Stage, sam: Visitor) -> None:
    """What runs in the background came back too: the doorbell, the leases, the worker."""
    async with asyncio.timeout(RECOVERY_SECONDS_MAX):
        async with sam.stream(last_event_id=sam.last_event_id) as stream:
            await sam.say("are you there?")
            await stream.until("turn.completed")
        parts = stage.service.parts
        async with parts.db.transaction() as tx:
            await parts.jobs.enqueue(tx, "jobs.purge", {})
        while await parts.db.value("select 1 from jobs where status in ('pending', 'running') and kind = 'jobs.purge'"):  # noqa: ASYNC110 (the condition is in the database)
            await asyncio.sleep(0.02)


async def settled(db: Database) -> None:
    async with asyncio.timeout(RECOVERY_SECONDS_MAX):
        while await db.value("select count(*) from turns where status in ('queued', 'running')"):  # noqa: ASYNC110 (the condition is in the database)
            await asyncio.sleep(0.02)


async def said_at_least(db: Database, count: int) -> None:
    async with asyncio.timeout(RECOVERY_SECONDS_MAX):
        while await persisted_value(db, "select count(*) from messages where role = 'user'") < count:  # noqa: ASYNC110 (the condition is in the database)
            await asyncio.sleep(0.02)


async def persisted_value(db: Database, sql: str) -> Any:
    async with asyncio.timeout(RECOVERY_SECONDS_MAX):
        while True:
            with contextlib.suppress(Exception):
                return await db.value(sql)
            await asyncio.sleep(0.05)


async def test_an_exhausted_pool_refuses_clearly_and_comes_back(stage: Stage, acme: Shop) -> None:
    db, sam = stage.service.parts.db, await acme.visitor()
    async with held(db, POOL_MAX):
        began = time.monotonic()
        answers = await asyncio.gather(
            sam.get(),
            sam.get("/messages"),
            sam.post("/messages", {"content": "hello"}),
            acme.get("/v1/offers"),
            acme.http.post("/v1/agent/conversations", json={}, headers=acme.page),
        )
        assert time.monotonic() - began < POOL_WAIT_SECONDS_MAX + 5
    for answer in answers:
        check_refusal(answer)
    assert (await sam.say("hello"))["status"] == "completed"
    rows = await db.all("select content from messages where role = 'user'")
    assert len(rows) == 1  # what was refused was not stored


@asynccontextmanager
async def held(db: Database, count: int) -> AsyncIterator[None]:
    """All connections are somebody else's meanwhile."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(db.connection())
        yield


async def test_many_more_callers_than_connections_are_all_served(acme: Shop) -> None:
    """Nobody waits for a second connection while he holds one, so nobody waits for ever."""
    visitors = [await acme.visitor() for _ in range(POOL_MAX)]
    turns = await asyncio.gather(*(sam.say(f"hello {n}") for sam in visitors for n in range(5)))
    assert {turn["status"] for turn in turns} == {"completed"}


async def test_nobody_may_wait_for_a_second_connection_inside_a_transaction(stage: Stage) -> None:
    db = stage.service.parts.db
    with pytest.raises(AssertionError, match="second connection"):
        async with db.transaction():
            await db.value("select 1")


@asynccontextmanager
async def full_disk(db: Database, table: str) -> AsyncIterator[None]:
    """Writing to `table` meets what a full disk raises (SQLSTATE 53100)."""
    await db.run(
        "create or replace function no_space() returns trigger language plpgsql as $$ begin"
        " raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$"
    )
    await db.run(f"create trigger no_space before insert or update on {table} execute function no_space()")
    try:
        yield
    finally:
        await db.run(f"drop trigger no_space on {table}")


@pytest.mark.parametrize("table", ["messages", "events", "conversations", "turns"])
async def test_a_full_disk_is_a_clear_refusal_and_leaves_nothing_half_done(
    stage: Stage, acme: Shop, table: str
) -> None:
    db, sam = stage.service.parts.db, await acme.visitor()
    await sam.say("hello")
    before = await stock(db)
    async with full_disk(db, table):
        check_refusal(await sam.post("/messages", {"content": "are you there?"}))
    assert await stock(db) == before
    turn = await sam.say("are you there now?")
    assert turn["status"] == "completed"


async def stock(db: Database) -> dict[str, int]:
    names = ("messages", "events", "turns", "drafts", "idempotency_keys", "offers", "checkouts")
    return {name: int(await db.value(f"select count(*) from {name}")) for name in names}


async def test_a_webhook_that_finds_the_disk_full_is_not_acknowledged(stage: Stage, acme: Shop) -> None:
    """Polar comes again with it; what was acknowledged would be lost."""
    secret, db = await with_secret(acme), stage.service.parts.db
    async with full_disk(db, "deliveries"):
        check_refusal(await deliver(acme, secret, id="evt_1"))
    assert (await deliver(acme, secret, id="evt_1")).status_code == 202

"""Tables that only grow would end every installation: what is a log goes by age, and nothing young goes with it."""

import json
from typing import Any
from uuid import UUID

import pytest

from agentpay import worker
from agentpay.callers import jobs as callers
from agentpay.db.engine import Database
from agentpay.jobs import jobs as job_table
from agentpay.kit.ids import uuid7
from agentpay.organizations import jobs as organizations
from agentpay.privacy import jobs as privacy
from agentpay.webhooks import jobs as webhooks
from tests.cast import Shop


async def run(shop: Shop, kind: str) -> None:
    """The scheduled job as any worker runs it."""
    assert kind in worker.SCHEDULES
    await worker.job_handlers(shop.service.parts)[kind]({})


async def count(db: Database, table: str) -> int:
    return int(await db.value(f"select count(*) from {table}"))


async def delivery(db: Database, shop: Shop, status: str, days: int) -> None:
    await db.run(
        """insert into deliveries (id, organization_id, webhook_id, type, sent_at, body, status, received_at)
        values (%s, %s, %s, 'x', now(), '', %s, now() - make_interval(days => %s))""",
        (uuid7(), shop.organization_id, str(uuid7()), status, days),
    )


async def test_deliveries_go_after_thirty_days_parked_ones_after_ninety(acme: Shop, db: Database) -> None:
    for status, days in [("applied", 31), ("ignored", 31), ("applied", 29), ("parked", 31), ("parked", 91)]:
        await delivery(db, acme, status, days)
    await run(acme, webhooks.PURGE)
    left = await db.all("select status from deliveries order by received_at")
    assert [row["status"] for row in left] == ["parked", "applied"]


async def test_done_jobs_go_after_a_day_dead_ones_after_thirty(acme: Shop, db: Database) -> None:
    for status, hours in [("done", 25), ("done", 23), ("dead", 25), ("dead", 31 * 24)]:
        await db.run(
            "insert into jobs (id, kind, status, finished_at)"
            " values (%s, 'of.the.test', %s, now() - make_interval(hours => %s))",
            (uuid7(), status, hours),
        )
    await run(acme, job_table.PURGE)
    left = await db.all("select status from jobs where kind = 'of.the.test' order by finished_at")
    assert [row["status"] for row in left] == ["dead", "done"]


async def test_old_idempotency_keys_and_rate_windows_go(acme: Shop, db: Database) -> None:
    for key, hours in [("old", 49), ("young", 1)]:
        await db.run(
            """insert into idempotency_keys
              (caller, key, request_hash, status, response_status, locked_until, created_at)
            values ('admin:x', %s, sha256('x'), 'done', 200, now(), now() - make_interval(hours => %s))""",
            (key, hours),
        )
        await db.run(
            "insert into rate_windows (bucket, window_start, used) values (%s, now() - make_interval(hours => %s), 1)",
            (key, hours),
        )
    await run(acme, callers.PURGE)
    assert [row["key"] for row in await db.all("select key from idempotency_keys")] == ["young"]
    assert "old" not in [row["bucket"] for row in await db.all("select bucket from rate_windows")]


async def test_sent_and_parked_notifications_go_waiting_ones_stay(acme: Shop, db: Database) -> None:
    for status in ("sent", "parked", "waiting"):
        await db.run(
            "insert into notifications (id, organization_id, type, data, status, created_at)"
            " values (%s, %s, 'order.paid', %s, %s, now() - interval '100 days')",
            (uuid7(), acme.organization_id, json.dumps({}), status),
        )
    await run(acme, organizations.PURGE)
    assert [row["status"] for row in await db.all("select status from notifications")] == ["waiting"]


async def test_old_events_go(acme: Shop, db: Database) -> None:
    sam = await acme.visitor()
    await sam.say("hello")
    await db.run("update events set created_at = now() - interval '8 days'")
    await sam.say("and again")
    await run(acme, privacy.EVENTS)
    assert await db.value("select count(*) from events where created_at < now() - interval '7 days'") == 0
    assert await count(db, "events") > 0


async def test_a_turns_steps_and_brief_go_after_thirty_days_the_turn_and_its_words_stay(
    acme: Shop, db: Database
) -> None:
    sam = await acme.visitor()
    old, young = (await sam.say("hello"))["id"], (await sam.say("thanks"))["id"]
    for turn in (old, young):
        await db.run(
            "insert into turn_steps (turn_id, step, attempt, reply) values (%s, 1, 1, '{}') on conflict do nothing",
            (turn,),
        )
    await db.run("update turns set completed_at = now() - interval '31 days' where id = %s", (old,))
    said = await count(db, "messages")
    await run(acme, privacy.LOGS)
    rows = await db.all("select id, brief <> '{}'::jsonb as is_detailed from turns order by id")
    assert {row["id"]: row["is_detailed"] for row in rows} == {UUID(old): False, UUID(young): True}
    assert {row["turn_id"] for row in await db.all("select turn_id from turn_steps")} == {UUID(young)}
    assert await count(db, "messages") == said
    assert await count(db, "drafts") == 0


async def test_expired_tokens_and_killed_processes_go_living_ones_stay(acme: Shop, db: Database) -> None:
    sam, gone = await acme.visitor(), await acme.visitor()
    await db.run(
        "update conversation_tokens set expires_at = now() - interval '8 days' where conversation_id = %s", (gone.id,)
    )
    killed = uuid7()
    await db.run("insert into processes (id, lease_until) values (%s, now() - interval '25 hours')", (killed,))
    await run(acme, privacy.LOGS)
    assert (await sam.get()).status_code == 200
    assert (await gone.get()).status_code == 401
    assert await count(db, "conversation_tokens") == 1
    living = [row["id"] for row in await db.all("select id from processes")]
    assert acme.service.parts.process_id in living
    assert killed not in living


# What goes with its owner, is bounded by what the merchant made, or is money.
KEPT_OTHERWISE = {
    "conversations, erased by the merchant's retention": {
        "conversations", "messages", "turns", "drafts", "feedback", "handoffs", "shown_products", "coupon_tries",
    },
    "bounded by the merchant's own stock, agents and articles": {
        "organizations", "organization_secrets", "api_keys", "agents", "agent_versions", "articles",
        "article_passages", "search_words", "products", "product_index", "catalog_syncs",
    },
    "money, and what was conceded": {"offers", "checkouts", "orders", "negotiation_freezes"},
    "one row a schedule": {"schedules", "alembic_version"},
}  # fmt: skip
PURGED: dict[str, set[str]] = {
    webhooks.PURGE: {"deliveries"},
    job_table.PURGE: {"jobs"},
    callers.PURGE: {"idempotency_keys", "rate_windows"},
    organizations.PURGE: {"notifications"},
    "offers.purge": {"budgets", "budget_entries"},
    privacy.EVENTS: {"events"},
    privacy.LOGS: {"turn_steps", "conversation_tokens", "processes"},
}


async def test_every_table_is_purged_or_known_not_to_grow_by_itself(db: Database) -> None:
    """A new table needs a line above, and if it is a log, a purge and its test."""
    tables = {row["tablename"] for row in await db.all("select tablename from pg_tables where schemaname = 'public'")}
    accounted: list[Any] = [*KEPT_OTHERWISE.values(), *PURGED.values()]
    assert tables == set().union(*accounted)


@pytest.mark.parametrize("kind", PURGED)
def test_every_purge_is_scheduled(kind: str) -> None:
    assert kind in worker.SCHEDULES

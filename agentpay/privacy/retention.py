"""What goes by age: a merchant's retention, and conversations in which the visitor never wrote."""

from uuid import UUID

import structlog

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.kit.limits import CONVERSATION_IDLE_DAYS
from agentpay.privacy.erase import erase

log = structlog.get_logger()

BATCH = 50
UNUSED_HOURS = 24
EVENT_DAYS = 7
TURN_DETAIL_DAYS = 30
TOKEN_DAYS = 7
PROCESS_HOURS = 24
CLOSE_ROWS_MAX = 1_000
PURGE_ROWS_MAX = 20_000
DETAIL_ROWS_MAX = 1_000


async def erase_due(db: Database, appender: Appender, *, owner: UUID) -> int:
    """Erase a batch of conversations whose time has come; returns how many. Call again while it is full."""
    due = await db.all(
        f"""select c.id, c.organization_id from conversations c join organizations o on o.id = c.organization_id
        where c.erased_at is null and (
          coalesce(c.last_message_at, c.created_at) < now() - make_interval(days => o.retention_days)
          or (c.customer_message_count = 0 and c.created_at < now() - interval '{UNUSED_HOURS} hours'))
        order by c.last_message_at nulls first limit {BATCH}"""
    )
    for row in due:
        await erase(db, appender, organization_id=row["organization_id"], conversation_id=row["id"], owner=owner)
    if due:
        log.info("conversations.erased", count=len(due))
    return len(due)


async def close_idle(db: Database) -> int:
    """Close conversations without a message for 30 days: final, but readable."""
    return await db.run(
        f"""update conversations set status = 'closed', modified_at = now() where id in (
          select id from conversations where status <> 'closed' and deleted_at is null
            and coalesce(last_message_at, created_at) < now() - interval '{CONVERSATION_IDLE_DAYS} days'
          limit {CLOSE_ROWS_MAX})"""
    )


async def purge_events(db: Database) -> int:
    """Forget old stream positions; whoever comes back with one is told to reload (`stream.reset`)."""
    return await db.run(
        f"""delete from events where ctid in (
          select ctid from events where created_at < now() - interval '{EVENT_DAYS} days' limit {PURGE_ROWS_MAX})"""
    )


async def purge_turn_details(db: Database) -> int:
    """Forget what old turns were decided from: their steps and briefs, which only `agentpay replay` reads.

    The turn itself stays, with its tokens and its cost.
    """
    return await db.run(
        f"""with old as (
          select id from turns
          where brief <> '{{}}'::jsonb and completed_at < now() - interval '{TURN_DETAIL_DAYS} days'
          limit {DETAIL_ROWS_MAX} for update skip locked),
        gone as (delete from turn_steps where turn_id in (select id from old))
        update turns set brief = '{{}}' where id in (select id from old)"""
    )


async def purge_tokens(db: Database) -> int:
    """Forget tokens that expired some time ago: a visitor who brings one is as unknown as before."""
    return await db.run(
        f"""delete from conversation_tokens where token_hash in (
          select token_hash from conversation_tokens where expires_at < now() - interval '{TOKEN_DAYS} days'
          limit {PURGE_ROWS_MAX})"""
    )


async def purge_processes(db: Database) -> int:
    """Forget processes that were killed: whoever leaves by himself takes his row along."""
    return await db.run(
        f"delete from processes where lease_until < clock_timestamp() - interval '{PROCESS_HOURS} hours'"
    )

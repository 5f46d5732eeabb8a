"""Queries of deliveries. Leases and due times are by the database's clock; `attempt` fences late finishers."""

import re
from datetime import datetime
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound

LEASE_SECONDS = 60
ERROR_CHARACTERS_MAX = 300
PURGE_ROWS_MAX = 5_000
NAMES_MAX = 2_000  # ids looked at in one body


class ClaimedDelivery(msgspec.Struct, frozen=True):
    id: UUID
    organization_id: UUID
    type: str
    sent_at: datetime
    body: bytes | None
    attempt: int


async def claim_deliveries(db: Database, *, count: int) -> list[ClaimedDelivery]:
    """Take up to `count` due deliveries, those with a lost lease included."""
    async with db.connection() as tx:
        return await tx.all(
            f"""update deliveries set attempt = attempt + 1,
              lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
            where id in (
              select id from deliveries
              where status = 'received' and next_try_at <= clock_timestamp()
                and (lease_until is null or lease_until < clock_timestamp())
              order by next_try_at limit %(count)s for update skip locked)
            returning id, organization_id, type, sent_at, body, attempt""",
            {"count": count},
            row=ClaimedDelivery,
        )


# Share locks: an erasure that runs at this moment is waited for, or waits and then finds the delivery settled.
_NAMED = """
select c.erased_at is not null as is_erased from conversations c
where c.organization_id = %(organization_id)s and c.id in (
  select unnest(%(ids)s::uuid[])
  union select conversation_id from checkouts
    where organization_id = %(organization_id)s and polar_checkout_id = any(%(ids)s)
  union select conversation_id from orders
    where organization_id = %(organization_id)s and (polar_order_id = any(%(ids)s) or customer_id = any(%(ids)s)))
for share of c
"""
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


async def settle(db: Database, *, delivery: ClaimedDelivery, status: str) -> float | None:
    """Applied or ignored, under the claim's own attempt. A body that names somebody erased goes with it (API § 10).

    Returns for how many seconds it was here; None: another attempt has it.
    """
    async with db.transaction() as tx:
        lag: float | None = await tx.value(
            """update deliveries set status = %(status)s, applied_at = clock_timestamp(), lease_until = null,
              error = null, body = case when %(is_erased)s then null else body end
            where id = %(id)s and attempt = %(attempt)s and status = 'received'
            returning extract(epoch from applied_at - received_at)::float8""",
            {
                "id": delivery.id,
                "attempt": delivery.attempt,
                "status": status,
                "is_erased": await _names_somebody_erased(tx, delivery),
            },
        )
        return lag


async def put_back(db: Database, *, delivery: ClaimedDelivery, error: str, delay_seconds: float, parks: bool) -> None:
    """Try again after `delay_seconds`; parked after the last try: visible, retryable, in nobody's way.

    A parked body that names somebody erased goes too: the reconciler asks Polar for what it would have told.
    """
    async with db.transaction() as tx:
        await tx.execute(
            """update deliveries set status = case when %(parks)s then 'parked' else 'received' end,
              lease_until = null, error = %(error)s, body = case when %(is_erased)s then null else body end,
              next_try_at = clock_timestamp() + make_interval(secs => %(delay)s)
            where id = %(id)s and attempt = %(attempt)s and status = 'received'""",
            {
                "id": delivery.id,
                "attempt": delivery.attempt,
                "error": error[:ERROR_CHARACTERS_MAX],
                "delay": delay_seconds,
                "parks": parks,
                "is_erased": parks and await _names_somebody_erased(tx, delivery),
            },
        )


async def _names_somebody_erased(tx: Tx, delivery: ClaimedDelivery) -> bool:
    ids = {UUID(name.decode()) for name in _UUID.findall(delivery.body or b"")[:NAMES_MAX]}
    if not ids:
        return False
    named = await tx.all(_NAMED, {"organization_id": delivery.organization_id, "ids": list(ids)})
    return any(row["is_erased"] for row in named)


_PUBLIC = "id, webhook_id, type, status, attempt, error, sent_at, received_at, applied_at"


async def list_deliveries(
    db: Database, *, organization_id: UUID, status: str | None, before: UUID | None, limit: int
) -> list[Row]:
    """Newest first, one more than `limit` where there are more."""
    return await db.all(
        f"""select {_PUBLIC} from deliveries where organization_id = %(organization_id)s
          and (%(status)s::text is null or status = %(status)s) and (%(before)s::uuid is null or id < %(before)s)
        order by id desc limit %(limit)s""",
        {"organization_id": organization_id, "status": status, "before": before, "limit": limit + 1},
    )


async def retry(db: Database, *, organization_id: UUID, delivery_id: UUID) -> Row:
    """Give a delivery its tries back, whatever became of it: applying twice changes nothing. Raises NotFound."""
    row = await db.one(
        f"""update deliveries set status = case when body is null then status else 'received' end, attempt = 0,
          next_try_at = clock_timestamp(), lease_until = null
        where id = %(id)s and organization_id = %(organization_id)s returning {_PUBLIC}""",
        {"id": delivery_id, "organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return row


async def purge(db: Database, *, applied_days: int = 30, parked_days: int = 90) -> int:
    """Forget old deliveries; returns how many. Bounded: call again while it is full."""
    return await db.run(
        """delete from deliveries where id in (
          select id from deliveries
          where (status in ('applied', 'ignored') and received_at < now() - make_interval(days => %(applied)s))
            or received_at < now() - make_interval(days => %(parked)s)
          limit %(batch)s)""",
        {"applied": applied_days, "parked": parked_days, "batch": PURGE_ROWS_MAX},
    )


async def measure_backlog(db: Database) -> Row:
    """`waiting`: not applied yet; `oldest_seconds`: how long the longest due one waits."""
    row = await db.one(
        """select count(*) as waiting, coalesce(extract(epoch from clock_timestamp() - min(next_try_at) filter (
            where next_try_at <= clock_timestamp())), 0)::float8 as oldest_seconds
        from deliveries where status = 'received'"""
    )
    assert row is not None
    return row

"""What overtakes open checkouts: a changed price, the end of their time, a payment that never settles (OFFERS D3, D6).

Offers are ended by `offers.watch`, which asks for the revocation of accepted ones; here are the checkouts.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from agentpay.catalog import repository as catalog
from agentpay.catalog import sellable
from agentpay.catalog.repository import CatalogProduct
from agentpay.checkout import kinds, moves, orders, progress
from agentpay.checkout.public import checkout_public, plain
from agentpay.checkout.repository import get_checkout
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.clock import Clock
from agentpay.offers.watch import void_changed
from agentpay.organizations.notify import notify
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Price

log = structlog.get_logger()

SWEEP_ROWS_MAX = 100
STUCK_HOURS = 24
STUCK_REASON = "awaiting_payment"
# Polar marks expired ones up to a quarter of an hour late; the page is dead at once.
EXPIRED_AFTER_SECONDS = 60

SETTLING = frozenset({"confirmed", "succeeded"})
QUICK_SECONDS = 20


async def prices_changed(
    db: Database, appender: Appender, jobs: Jobs, *, organization_id: UUID, product_ids: Sequence[UUID]
) -> None:
    """The catalogue saw another price, or the end, of these products: void offers, revoke accepted ones, close
    checkouts whose page could only say that the price is archived."""
    for product_id in product_ids:
        await void_changed(db, appender, jobs, organization_id=organization_id, product_id=product_id)
        product = await catalog.find_product(db, organization_id=organization_id, product_id=product_id)
        for row in await _open_plain(db, organization_id=organization_id, product_id=product_id):
            if not _is_priced_alike(row, product):
                await _close(db, appender, row=row, reason="price_changed")


async def poll(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    checkout_id: UUID,
    clock: Clock,
    is_quick: bool = False,
) -> float | None:
    """Ask Polar how a watched checkout stands and whether its order is there.

    Returns seconds until it should be asked again, None when nobody watches it any more or it is over. `is_quick`: only
    while a payment that just began is being settled, every two seconds (OFFERS D9).
    """
    row = await get_checkout(db, organization_id=organization_id, checkout_id=checkout_id)
    if row["polar_checkout_id"] is None or row["status"] == "failed":
        return None
    asked = await polar.of(organization_id, priority="poll")
    try:
        await _ask(db, appender, jobs, polar=asked, row=row, clock=clock)
    except PolarError as error:
        log.info("checkout.unpolled", checkout_id=str(checkout_id), kind=error.kind)
    after = await db.one(
        f"""select status, watched_until > clock_timestamp() as is_watched,
          confirmed_at > clock_timestamp() - interval '{QUICK_SECONDS} seconds' as is_fresh,
          exists (select 1 from orders o where o.checkout_id = c.id and o.is_paid) as is_paid
        from checkouts c where id = %(id)s""",
        {"id": checkout_id},
    )
    if after is None or not after["is_watched"] or after["status"] in ("expired", "failed"):
        return None
    if after["status"] == "succeeded" and after["is_paid"]:
        return None
    if is_quick:
        is_settling = after["status"] in SETTLING and after["is_fresh"]
        return float(progress.SOON_SECONDS) if is_settling else None
    return float(moves.POLL_SECONDS)


async def _ask(db: Database, appender: Appender, jobs: Jobs, *, polar: Polar, row: Row, clock: Clock) -> None:
    ids = {"organization_id": row["organization_id"]}
    seen_at = clock()
    checkout = await polar.get_checkout(checkout_id=row["polar_checkout_id"])
    await progress.land_checkout(db, appender, jobs, **ids, checkout=checkout, seen_at=seen_at)
    if checkout.status not in SETTLING:
        return
    seen_at = clock()
    for order in (await polar.list_orders(checkout_ids=[row["polar_checkout_id"]])).items:
        await orders.land(db, appender, jobs, **ids, order=order, seen_at=seen_at)


async def sweep(db: Database, appender: Appender, jobs: Jobs) -> int:
    """What was forgotten: rows to perform without a job, checkouts whose time is over, payments that never settle.

    Returns how many rows were touched; call again while it is many.
    """
    touched = 0
    for row in await db.all(_UNPERFORMED):
        async with db.transaction() as tx:
            arguments = {"organization_id": row["organization_id"], "checkout_id": row["id"]}
            await jobs.enqueue(tx, kinds.PERFORM, arguments, key=f"{kinds.PERFORM}:{row['id']}")
        touched += 1
    for row in await db.all(_OUT_OF_TIME):
        await _close(db, appender, row=row, reason=None)
        touched += 1
    for row in await db.all(_STUCK):
        await _report_stuck(db, jobs, row=row)
        touched += 1
    return touched


async def _open_plain(db: Database, *, organization_id: UUID, product_id: UUID) -> list[Row]:
    return await db.all(
        f"""select * from checkouts where organization_id = %(organization_id)s and product_id = %(product_id)s
        and offer_id is null and status = 'open' order by id limit {SWEEP_ROWS_MAX}""",
        {"organization_id": organization_id, "product_id": product_id},
    )


def _is_priced_alike(row: Row, product: CatalogProduct | None) -> bool:
    """Whether its page still works: the price ids of its currency are those on sale."""
    if product is None or not product.is_sellable:
        return False
    known = {price.id for price in msgspec.convert(row["prices"], list[Price]) if _is_of(price, row)}
    return known == {price.id for price in sellable.prices_in(product.product, currency=row["currency"])}


def _is_of(price: Price, row: Row) -> bool:
    return price.price_currency == row["currency"] and not price.is_archived


async def _close(db: Database, appender: Appender, *, row: Row, reason: str | None) -> None:
    async with db.transaction() as tx:
        conversation = await lock(tx, organization_id=row["organization_id"], conversation_id=row["conversation_id"])
        closed = await tx.one(
            """update checkouts set status = 'expired', reason = coalesce(%(reason)s, reason), modified_at = now()
            where id = %(id)s and status = 'open' returning *""",
            {"id": row["id"], "reason": reason},
        )
        if closed is not None:
            await moves.tell(tx, appender, conversation, closed)


async def _report_stuck(db: Database, jobs: Jobs, *, row: Row) -> None:
    """A payment that does not settle may stay so for ever: the merchant can look at Polar (OFFERS 26)."""
    async with db.transaction() as tx:
        stuck = await tx.one(
            "update checkouts set reason = %(reason)s where id = %(id)s and status = 'confirmed' returning *",
            {"id": row["id"], "reason": STUCK_REASON},
        )
        if stuck is None:
            return
        await notify(
            tx,
            jobs,
            organization_id=stuck["organization_id"],
            conversation_id=stuck["conversation_id"],
            type="organization.attention",
            data={"reason": "payment_unsettled", "checkout": plain(checkout_public(stuck))},
        )
    log.warning("checkout.stuck", checkout_id=str(row["id"]))


_UNPERFORMED = f"""
select id, organization_id from checkouts c
where status = 'creating' and next_try_at < clock_timestamp() - interval '30 seconds'
  and (lease_until is null or lease_until < clock_timestamp())
  and not exists (select 1 from jobs where dedupe_key = '{kinds.PERFORM}:' || c.id
    and status in ('pending', 'running'))
order by next_try_at limit {SWEEP_ROWS_MAX}
"""
# Those of offers end through revocation, which knows whether the buyer was faster.
_OUT_OF_TIME = f"""
select * from checkouts
where status = 'open' and offer_id is null
  and expires_at < clock_timestamp() - interval '{EXPIRED_AFTER_SECONDS} seconds'
order by expires_at limit {SWEEP_ROWS_MAX}
"""
_STUCK = f"""
select id from checkouts
where status = 'confirmed' and reason is distinct from '{STUCK_REASON}'
  and confirmed_at < clock_timestamp() - interval '{STUCK_HOURS} hours'
order by confirmed_at limit {SWEEP_ROWS_MAX}
"""

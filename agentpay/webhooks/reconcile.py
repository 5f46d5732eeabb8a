"""What webhooks lost: Polar is asked for orders and refunds since the last time (polar/API.md § 6.7).

Polar gives up on a delivery after about an hour and disables an endpoint after ten failures; events of that time are
lost for good. Asking every few minutes costs two calls.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from agentpay.checkout import orders
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
from agentpay.organizations import attention
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

log = structlog.get_logger()

KIND = "webhooks.reconcile"
DUE_KIND = "webhooks.reconcile_due"
EVERY_SECONDS = 300
DUE_MAX = 100
MARGIN = timedelta(minutes=10)
PAGES_MAX = 20
PAGE_ROWS = 100
WAIT_SECONDS = 60.0


async def reconcile_due(db: Database, jobs: Jobs) -> int:
    """Enqueue a reconciliation for each organization that was not asked about for a while. Returns how many."""
    async with db.transaction() as tx:
        # In no order: those whose mark cannot move, because Polar refuses their token, must not be first for ever.
        rows = await tx.all(
            f"""select id from organizations where deleted_at is null
              and (reconciled_at is null or reconciled_at < now() - interval '{EVERY_SECONDS} seconds')
            order by random() limit {DUE_MAX}"""
        )
        for row in rows:
            await jobs.enqueue(tx, KIND, {"organization_id": row["id"]}, key=f"{KIND}:{row['id']}", attempts_max=3)
    return len(rows)


async def reconcile(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    clock: Clock,
    page_rows: int = PAGE_ROWS,
    pages_max: int = PAGES_MAX,
) -> int:
    """Land every order that changed since the last time, new ones and refunded ones. Returns how many are ours.

    Orders and refunds have a mark each, which moves only as far as everything was read: a token that may not read
    refunds does not stop orders. The scope that it lacks is said as the organization's attention. Raises `Later` when
    there is more, or for Polar's trouble.
    """
    gap = await _gap(db, organization_id)
    if gap is None:
        return 0
    try:
        api = await polar.of(organization_id, priority="sync")
    except NotFound:
        return 0
    began, count, reached = clock(), 0, None
    try:
        if gap["orders_since"] is not None:
            count, reached = await _new_orders(
                db,
                api,
                appender,
                jobs,
                organization_id=organization_id,
                since=gap["orders_since"],
                clock=clock,
                page_rows=page_rows,
                pages_max=pages_max,
            )
    except PolarError as error:
        await _stopped(db, jobs, error, organization_id=organization_id, reason=attention.ORDERS_UNREADABLE)
        return 0
    upto = began if reached is None else reached + MARGIN
    await _move(db, gap, mark="reconciled_at", upto=upto, mended=attention.ORDERS_UNREADABLE)
    count += await _refunds(db, api, appender, jobs, gap=gap, clock=clock)
    if count:
        log.info("orders.reconciled", organization_id=str(organization_id), count=count)
    if reached is not None:
        raise Later(0)
    return count


async def _refunds(db: Database, polar: Polar, appender: Appender, jobs: Jobs, *, gap: Row, clock: Clock) -> int:
    """Read them up to now, with their own mark: a token that may not read refunds keeps it where it is."""
    organization_id, began, count = gap["id"], clock(), 0
    try:
        if gap["refunds_since"] is not None:
            count = await _refunded(
                db, polar, appender, jobs, organization_id=organization_id, since=gap["refunds_since"], clock=clock
            )
    except PolarError as error:
        await _stopped(db, jobs, error, organization_id=organization_id, reason=attention.REFUNDS_UNREADABLE)
        return 0
    await _move(db, gap, mark="refunds_reconciled_at", upto=began, mended=attention.REFUNDS_UNREADABLE)
    return count


async def _stopped(db: Database, jobs: Jobs, error: PolarError, *, organization_id: UUID, reason: str) -> None:
    """A missing scope is the merchant's to mend: `reason` says so, once. Raises `Later` for trouble that may pass."""
    if error.kind == "forbidden":
        async with db.transaction() as tx:
            await attention.need(tx, jobs, organization_id=organization_id, reason=reason, yields=True)
    elif not error.permanent:
        raise Later(max(error.retry_hint or 0, WAIT_SECONDS)) from None


async def _gap(db: Database, organization_id: UUID) -> Row | None:
    """From when on to ask: a margin before the last time, or the first checkout. Null: nothing to ask."""
    return await db.one(
        """select o.id, o.attention,
          case when first.at is not null then coalesce(o.reconciled_at, first.at) - %(margin)s end as orders_since,
          case when first.at is not null then coalesce(o.refunds_reconciled_at, first.at) - %(margin)s end
            as refunds_since
        from organizations o
        cross join lateral (select min(created_at) as at from checkouts where organization_id = o.id) first
        where o.id = %(id)s and o.deleted_at is null""",
        {"id": organization_id, "margin": MARGIN},
    )


async def _move(db: Database, gap: Row, *, mark: str, upto: datetime, mended: str) -> None:
    """Everything was read up to there. What was said of the token is taken back."""
    async with db.transaction() as tx:
        await tx.execute(
            f"update organizations set {mark} = %(upto)s where id = %(id)s", {"upto": upto, "id": gap["id"]}
        )
        if gap["attention"] == mended:
            await attention.settle(tx, organization_id=gap["id"], reasons=[mended])


async def _new_orders(
    db: Database,
    polar: Polar,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    since: datetime,
    clock: Clock,
    page_rows: int,
    pages_max: int,
) -> tuple[int, datetime | None]:
    """How many are ours; and the time of the last one read, when there are more than one run reads."""
    count = 0
    for page in range(1, pages_max + 1):
        seen_at = clock()
        found = await polar.list_orders(created_after=since, sorting="created_at", page=page, limit=page_rows)
        for order in found.items:
            count += await orders.land(
                db, appender, jobs, organization_id=organization_id, order=order, seen_at=seen_at
            )
        if not found.items or page >= found.pagination.max_page:
            return count, None
    return count, found.items[-1].created_at


async def _refunded(
    db: Database,
    polar: Polar,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    since: datetime,
    clock: Clock,
) -> int:
    """An old order can be refunded without being new: its refunds tell (newest first, until older than the gap)."""
    count = 0
    for page in range(1, PAGES_MAX + 1):
        found = await polar.list_refunds(page=page)
        fresh = [refund for refund in found.items if (refund.modified_at or refund.created_at) >= since]
        for order_id in dict.fromkeys(refund.order_id for refund in fresh):
            if await _is_known(db, organization_id=organization_id, order_id=order_id):
                seen_at = clock()
                order = await polar.get_order(order_id=order_id)
                count += await orders.land(
                    db, appender, jobs, organization_id=organization_id, order=order, seen_at=seen_at
                )
        if len(fresh) < len(found.items) or page >= found.pagination.max_page:
            break
    return count


async def _is_known(db: Database, *, organization_id: UUID, order_id: UUID) -> bool:
    known = await db.value(
        "select 1 from orders where organization_id = %(organization_id)s and polar_order_id = %(order_id)s",
        {"organization_id": organization_id, "order_id": order_id},
    )
    return known is not None

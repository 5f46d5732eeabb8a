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
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
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
        rows = await tx.all(
            f"""select id from organizations where deleted_at is null
              and (reconciled_at is null or reconciled_at < now() - interval '{EVERY_SECONDS} seconds')
            order by reconciled_at nulls first limit {DUE_MAX}"""
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

    Moves the mark only as far as everything was read: raises `Later` when there is more, or for Polar's trouble.
    """
    began = clock()
    since = await _mark(db, organization_id)
    try:
        api = await polar.of(organization_id, priority="sync")
        found, reached = await _new_orders(
            db,
            api,
            appender,
            jobs,
            organization_id=organization_id,
            since=since,
            clock=clock,
            page_rows=page_rows,
            pages_max=pages_max,
        )
        found += await _refunded(db, api, appender, jobs, organization_id=organization_id, since=since, clock=clock)
    except NotFound:
        return 0
    except PolarError as error:
        if error.permanent:
            return 0
        raise Later(max(error.retry_hint or 0, WAIT_SECONDS)) from None
    await db.run(
        "update organizations set reconciled_at = %(began)s where id = %(id)s",
        {"began": began if reached is None else reached + MARGIN, "id": organization_id},
    )
    if found:
        log.info("orders.reconciled", organization_id=str(organization_id), count=found)
    if reached is not None:
        raise Later(0)
    return found


async def _mark(db: Database, organization_id: UUID) -> datetime | None:
    """From when on to ask: a margin before the last time, or the first checkout. None: nothing to ask."""
    row = await db.one(
        """select o.reconciled_at,
          (select min(created_at) from checkouts where organization_id = o.id) as first_checkout_at
        from organizations o where o.id = %(id)s and o.deleted_at is null""",
        {"id": organization_id},
    )
    if row is None or row["first_checkout_at"] is None:
        return None
    since: datetime = row["reconciled_at"] or row["first_checkout_at"]
    return since - MARGIN


async def _new_orders(
    db: Database,
    polar: Polar,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    since: datetime | None,
    clock: Clock,
    page_rows: int,
    pages_max: int,
) -> tuple[int, datetime | None]:
    """How many are ours; and the time of the last one read, when there are more than one run reads."""
    if since is None:
        return 0, None
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
    since: datetime | None,
    clock: Clock,
) -> int:
    """An old order can be refunded without being new: its refunds tell (newest first, until older than the gap)."""
    if since is None:
        return 0
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

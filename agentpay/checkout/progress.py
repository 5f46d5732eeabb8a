"""What Polar tells of a checkout or a discount of ours, by webhook or because we asked, in whatever order.

Ordered by `seen_at`: the envelope's timestamp, or the moment our question began. `succeeded` always lands.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from agentpay.checkout import concessions, kinds, moves
from agentpay.checkout.enums import CHECKOUT_FROM
from agentpay.checkout.errors import LeaseLost
from agentpay.checkout.public import checkout_public
from agentpay.checkout.repository import find_by_metadata, find_by_polar_id, find_offer, lock_checkout
from agentpay.checkout.verify import differences, expectation_of, is_discount_as_asked
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.offers.watch import ask_revocation
from agentpay.polar.types import Checkout, Discount

log = structlog.get_logger()

# After a buyer pressed "pay" the order is a moment away (OFFERS D9).
SOON_SECONDS = 2


async def land_checkout(
    db: Database, appender: Appender, jobs: Jobs, *, organization_id: UUID, checkout: Checkout, seen_at: datetime
) -> bool:
    """Apply a checkout's state as of `seen_at`. False: none of ours. May be repeated and come late."""
    row = await find_by_polar_id(db, organization_id=organization_id, polar_checkout_id=checkout.id)
    if row is None:
        return await _adopt(db, appender, jobs, organization_id=organization_id, checkout=checkout)
    async with db.transaction() as tx:
        conversation = await lock(tx, organization_id=organization_id, conversation_id=row["conversation_id"])
        offer = await concessions.lock_offer(tx, row=row)
        before = await lock_checkout(tx, organization_id=organization_id, checkout_id=row["id"])
        if not is_news(before, status=checkout.status, seen_at=seen_at):
            return True
        after = await _update(tx, before, checkout=checkout, seen_at=seen_at)
        if checkout_public(after) != checkout_public(before):
            await moves.tell(tx, appender, conversation, after)
        if after["status"] != before["status"]:
            await _moved(tx, appender, jobs, conversation=conversation, offer=offer, before=before, after=after)
    return True


async def land_discount(db: Database, jobs: Jobs, *, organization_id: UUID, discount: Discount) -> bool:
    """`discount.created`: finds the discount whose POST got no answer, a second later instead of twenty (OFFERS D8)."""
    try:
        offer_id = UUID(str(discount.metadata.get("agentpay_offer_id")))
    except ValueError:
        return False
    offer = await find_offer(db, organization_id=organization_id, offer_id=offer_id)
    if offer is None:
        return False
    if offer["discount_id"] is None and is_discount_as_asked(discount, concessions.expected_discount(offer)):
        async with db.transaction() as tx:
            await _adopt_discount(tx, jobs, offer=offer, discount=discount)
    return True


def is_news(row: Mapping[str, Any], *, status: str, seen_at: datetime) -> bool:
    """Whether a state of Polar's is to be believed: known, not older than what we hold, and reachable from it."""
    if status not in CHECKOUT_FROM or row["status"] not in CHECKOUT_FROM[status]:
        return False
    return status == "succeeded" or row["polar_seen_at"] is None or seen_at >= row["polar_seen_at"]


async def _update(tx: Tx, before: Row, *, checkout: Checkout, seen_at: datetime) -> Row:
    # Seats and a chosen amount are the buyer's to change on Polar's page; nothing was conceded for them.
    follows = before["offer_id"] is None and checkout.status == "open" and checkout.currency == before["currency"]
    after = await tx.one(
        """update checkouts set status = %(status)s, modified_at = now(),
          polar_seen_at = greatest(polar_seen_at, %(seen_at)s::timestamptz),
          confirmed_at = case when %(status)s = 'confirmed' then coalesce(confirmed_at, clock_timestamp())
            when %(status)s = 'open' then null else confirmed_at end,
          reason = case when %(status)s in ('confirmed', 'succeeded') then null else reason end,
          amount = coalesce(%(amount)s, amount), list_amount = coalesce(%(list_amount)s, list_amount),
          seats = case when %(follows)s then %(seats)s else seats end
        where id = %(id)s returning *""",
        {
            "id": before["id"],
            "status": checkout.status,
            "seen_at": seen_at,
            "follows": follows,
            "seats": checkout.seats,
            "amount": checkout.amount - checkout.discount_amount if follows else None,
            "list_amount": checkout.amount if follows else None,
        },
    )
    assert after is not None
    return after


async def _moved(
    tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, offer: Row | None, before: Row, after: Row
) -> None:
    """What a new status brings about."""
    status = after["status"]
    log.info("checkout.moved", checkout_id=str(after["id"]), before=before["status"], after=status)
    if status in ("confirmed", "succeeded"):
        if conversation["erased_at"] is None:
            ids = {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}
            await appender.set_stage(tx, **ids, stage="payment")
        await look_soon(tx, jobs, row=after)
    # A late decline reopens what was to be revoked; an expired checkout frees what it held.
    if offer is None or offer["status"] != "accepted":
        return
    is_reopened = status == "open" and before["status"] == "confirmed"
    if status == "expired" or (is_reopened and (offer["is_expired"] or offer["revoke_asked_at"] is not None)):
        await ask_revocation(tx, jobs, offer=offer)


async def look_soon(tx: Tx, jobs: Jobs, *, row: Row) -> None:
    """Somebody waits for news of this checkout: have Polar asked in a moment, and watch it for a while longer."""
    await tx.execute(
        "update checkouts set watched_until = greatest(watched_until, clock_timestamp() + make_interval(mins => %(m)s))"
        " where id = %(id)s",
        {"id": row["id"], "m": moves.WATCH_MINUTES},
    )
    arguments = {"organization_id": row["organization_id"], "checkout_id": row["id"]}
    await jobs.enqueue(tx, kinds.LOOK, arguments, key=f"{kinds.LOOK}:{row['id']}", delay_seconds=SOON_SECONDS)
    await jobs.enqueue(tx, kinds.POLL, arguments, key=f"{kinds.POLL}:{row['id']}", delay_seconds=moves.POLL_SECONDS)


async def _adopt(db: Database, appender: Appender, jobs: Jobs, *, organization_id: UUID, checkout: Checkout) -> bool:
    """A checkout whose POST got no answer: its metadata names the row. Verified like an answer (OFFERS D2, D8)."""
    row = await find_by_metadata(db, organization_id=organization_id, metadata=checkout.metadata)
    if row is None:
        return False
    if row["status"] != "creating" or differences(checkout, expectation_of(row)):
        return True
    try:
        await moves.open_checkout(db, appender, jobs, row=row, attempt=None, checkout=checkout)
        log.info("checkout.adopted", checkout_id=str(row["id"]))
    except LeaseLost:
        pass  # somebody performs it right now and has the answer himself
    return True


async def _adopt_discount(tx: Tx, jobs: Jobs, *, offer: Row, discount: Discount) -> None:
    conversation = {"organization_id": offer["organization_id"], "conversation_id": offer["conversation_id"]}
    await lock(tx, **conversation)
    row = await tx.one(
        """select id, organization_id from checkouts where offer_id = %(offer_id)s and status = 'creating'
        and (lease_until is null or lease_until < clock_timestamp())""",
        {"offer_id": offer["id"]},
    )
    if row is None:
        return
    await concessions.mark_live(tx, offer=offer, discount=discount)
    await tx.execute(
        """update checkouts set sent_at = null, discount_id = %(discount_id)s, next_try_at = clock_timestamp()
        where id = %(id)s and status = 'creating'""",
        {"id": row["id"], "discount_id": discount.id},
    )
    await jobs.enqueue(
        tx,
        kinds.PERFORM,
        {"organization_id": row["organization_id"], "checkout_id": row["id"]},
        key=f"{kinds.PERFORM}:adopted:{row['id']}",
    )

"""Taking an accepted concession back, whoever is faster: we or the buyer who is paying (OFFERS D4).

1. End the discount. 2. Take it off the checkout: 200 = off, 409 = the buyer is confirming, again in a moment, 403 = too
late or expired. 3. Ask how often the discount was used. Only when it is off *and* unused is the concession over; else
the buyer was faster, the budget stays reserved and the order will come. The answer to step 1 proves nothing.
"""

import asyncio
import random
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from agentpay.checkout import concessions, kinds, moves
from agentpay.checkout.leftovers import ENDED_BEFORE
from agentpay.checkout.repository import find_offer, get_checkout
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.offers.watch import changed_reason
from agentpay.polar.client import Polar
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway

log = structlog.get_logger()

Verdict = Literal["void", "taken"]

LOCKED_TRIES_MAX = 15
LOCKED_SECONDS = (0.05, 0.2)
# Without a checkout nothing is serialised by its lock: give a running confirm time to show in the count.
UNSEEN_SECONDS = 15.0


async def revoke(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    offer_id: UUID,
    reason: str | None = None,
) -> Verdict | None:
    """Revoke an accepted offer's discount and end the offer, unless the buyer was faster. May be repeated.

    `reason` None: found out here (its time is over, or its product changed). None: nothing to revoke (any more), or the
    checkout is still being made: its performer sees to it. Raises `PolarError` (try again), `Later`.
    """
    offer = await find_offer(db, organization_id=organization_id, offer_id=offer_id)
    if offer is None or offer["status"] != "accepted":
        return None
    row = await _checkout_of(db, offer)
    if row is not None and row["status"] == "creating":
        await _hurry(db, jobs, row)
        return None
    if row is not None and row["status"] == "succeeded":
        return "taken"
    now: datetime = await db.value("select clock_timestamp()")
    verdict = await _revoke_at_polar(await polar.of(organization_id, priority="revocation"), offer, row, now=now)
    log.info("offer.revoked", offer_id=str(offer_id), verdict=verdict)
    if verdict == "void":
        await _end(db, appender, offer=offer, row=row, reason=reason)
    else:
        await _remember_end(db, offer, now=now)
    return verdict


async def _revoke_at_polar(polar: Polar, offer: Row, row: Row | None, *, now: datetime) -> Verdict:
    if offer["discount_id"] is None:
        return "void"
    await _end_discount(polar, offer, now=now)
    if row is not None and row["status"] == "confirmed":
        return "taken"  # ended all the same: should the payment fail, he cannot confirm at this price again
    is_off = row is not None and await _take_off(polar, row, now=now)
    if row is None:
        await asyncio.sleep(UNSEEN_SECONDS)
    elif not is_off:
        return "taken"
    return "void" if await _times_used(polar, offer) == 0 else "taken"


async def _end_discount(polar: Polar, offer: Row, *, now: datetime) -> None:
    try:
        await polar.patch_discount(discount_id=offer["discount_id"], ends_at=now - ENDED_BEFORE)
    except PolarError as error:
        if error.kind != "not_found":  # the merchant deleted it: the checkout's lock decides alone
            raise


async def _take_off(polar: Polar, row: Row, *, now: datetime) -> bool:
    """Whether the checkout surely carries the discount no more: taken off, or over unpaid."""
    for _ in range(LOCKED_TRIES_MAX):
        try:
            # Past its time a PATCH would flip it to expired without the event that belongs to it (§ 3.3).
            if row["expires_at"] is None or row["expires_at"] > now:
                await polar.patch_checkout(checkout_id=row["polar_checkout_id"], changes={"discount_id": None})
                return True
            return await _is_over_unpaid(polar, row, now=now)
        except PolarError as error:
            if error.kind == "forbidden" and error.polar_name == "NotOpenCheckout":
                return await _is_over_unpaid(polar, row, now=now)
            if error.kind != "conflict":
                raise
        await asyncio.sleep(random.uniform(*LOCKED_SECONDS))
    raise Later(1.0)


async def _is_over_unpaid(polar: Polar, row: Row, *, now: datetime) -> bool:
    checkout = await polar.get_checkout(checkout_id=row["polar_checkout_id"])
    return checkout.status in ("expired", "failed") or (checkout.status == "open" and checkout.expires_at <= now)


async def _times_used(polar: Polar, offer: Row) -> int:
    try:
        return (await polar.get_discount(discount_id=offer["discount_id"])).redemptions_count
    except PolarError as error:
        if error.kind == "not_found":
            return 0
        raise


async def _end(db: Database, appender: Appender, *, offer: Row, row: Row | None, reason: str | None) -> None:
    """Offer over, checkout closed: its page would show another price than the one that was agreed."""
    async with db.transaction() as tx:
        conversation = await lock(
            tx, organization_id=offer["organization_id"], conversation_id=offer["conversation_id"]
        )
        locked = await concessions.lock_offer(
            tx, row={"offer_id": offer["id"], "organization_id": offer["organization_id"]}
        )
        if locked is None or locked["status"] != "accepted":
            return
        why = reason or await _why(tx, locked)
        if row is not None:
            closed = await tx.one(
                """update checkouts set status = 'expired', reason = %(reason)s, modified_at = now()
                where id = %(id)s and status = 'open' returning *""",
                {"id": row["id"], "reason": why},
            )
            if closed is not None:
                await moves.tell(tx, appender, conversation, closed)
        await concessions.end(tx, appender, conversation, offer=locked, reason=why)


async def _why(tx: Tx, offer: Row) -> str:
    changed = await changed_reason(tx, offer=offer)
    if changed is None or offer["is_expired"]:
        return concessions.OFFER_EXPIRED if offer["is_expired"] else "withdrawn"
    return changed


async def _remember_end(db: Database, offer: Row, *, now: datetime) -> None:
    """Ended at Polar, though used: should the payment fail after all, the late decline revokes it for good."""
    await db.run(
        """update offers set revoke_asked_at = coalesce(revoke_asked_at, clock_timestamp()),
          discount_ends_at = least(discount_ends_at, %(now)s) where id = %(id)s and discount_state = 'live'""",
        {"id": offer["id"], "now": now},
    )


async def _checkout_of(db: Database, offer: Row) -> Row | None:
    checkout_id: UUID | None = await db.value(
        """select id from checkouts where offer_id = %(id)s and status not in ('failed', 'expired')""",
        {"id": offer["id"]},
    )
    if checkout_id is None:
        # Expired at Polar, offer still accepted: the checkout's own state is the witness.
        checkout_id = await db.value(
            """select id from checkouts where offer_id = %(id)s and polar_checkout_id is not null
            order by id desc limit 1""",
            {"id": offer["id"]},
        )
    if checkout_id is None:
        return None
    return await get_checkout(db, organization_id=offer["organization_id"], checkout_id=checkout_id)


async def _hurry(db: Database, jobs: Jobs, row: Row) -> None:
    """Its performer reads product, rules and time before every call: let it look now."""
    async with db.transaction() as tx:
        await tx.execute(
            """update checkouts set next_try_at = least(next_try_at, clock_timestamp())
            where id = %(id)s and status = 'creating' and sent_at is null""",
            {"id": row["id"]},
        )
        await jobs.enqueue(
            tx,
            kinds.PERFORM,
            {"organization_id": row["organization_id"], "checkout_id": row["id"]},
            key=f"{kinds.PERFORM}:hurry:{row['id']}",
        )

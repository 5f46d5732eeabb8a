"""What overtakes an offer: its time, and a price or product that changed. Sweeps, one short transaction per offer.

What only Polar can undo becomes the job `checkout.revoke`: an accepted offer stays so until `checkout/` knows whether
the buyer was faster (OFFERS.md D4).
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from agentpay.catalog import prices
from agentpay.catalog import repository as catalog
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.offers import lifecycle
from agentpay.offers.enums import STANDING
from agentpay.offers.negotiable import Negotiable, negotiable

REVOKE = "checkout.revoke"
SWEEP_ROWS_MAX = 100
# A revocation that found the buyer paying is asked for again only after a while.
REVOKE_AGAIN_MINUTES = 15

_DUE = f"""
select organization_id, conversation_id, id from offers
where status in ('pending_approval', 'open', 'accepted') and deleted_at is null and expires_at <= clock_timestamp()
  and (status <> 'accepted' or revoke_asked_at is null
    or revoke_asked_at < clock_timestamp() - interval '{REVOKE_AGAIN_MINUTES} minutes')
order by expires_at limit {SWEEP_ROWS_MAX}
"""
_STANDING = """
select organization_id, conversation_id, id from offers
where organization_id = %(organization_id)s and product_id = %(product_id)s
  and status in ('pending_approval', 'open', 'accepted')
order by id
"""


async def expire_due(db: Database, appender: Appender, jobs: Jobs) -> int:
    """End what ran out; have the discounts of accepted ones ended at Polar. Returns how many were looked at."""

    async def step(tx: Tx, conversation: Row, offer: Row) -> None:
        if not await lifecycle.is_overdue(tx, offer):
            return
        if offer["status"] == "accepted":
            await ask_revocation(tx, jobs, offer=offer)
        else:
            say = "unanswered" if offer["status"] == "pending_approval" else None
            await lifecycle.expire(tx, appender, conversation=conversation, offer=offer, say=say)

    return await _each(db, await db.all(_DUE), step)


async def void_changed(db: Database, appender: Appender, jobs: Jobs, *, organization_id: UUID, product_id: UUID) -> int:
    """The catalogue says that the product changed: end what was offered for another price (OFFERS.md D3).

    Open and pending offers are void at once, accepted ones are asked to be revoked. Returns how many were looked at.
    """

    async def step(tx: Tx, conversation: Row, offer: Row) -> None:
        reason = await changed_reason(tx, offer=offer)
        if reason is None:
            return
        if offer["status"] == "accepted":
            await ask_revocation(tx, jobs, offer=offer)
        else:
            await lifecycle.void(tx, appender, conversation=conversation, offer=offer, reason=reason, say=reason)

    rows = await db.all(_STANDING, {"organization_id": organization_id, "product_id": product_id})
    return await _each(db, rows, step)


async def changed_reason(tx: Tx, *, offer: Row) -> str | None:
    """Why the offer no longer fits the catalogue: `product_unavailable`, `price_changed`; None = it still does."""
    product = await catalog.find_product(tx, organization_id=offer["organization_id"], product_id=offer["product_id"])
    if product is None or not product.is_sellable or product.stock_level == "out_of_stock":
        return "product_unavailable"
    sold = negotiable(prices.price_facts(product.product, currency=offer["currency"]))
    if not isinstance(sold, Negotiable):
        return "price_changed"
    was = (offer["price_id"], offer["list_amount"], offer["discount_type"])
    return None if (sold.price_id, sold.list_amount, sold.kind) == was else "price_changed"


async def ask_revocation(tx: Tx, jobs: Jobs, *, offer: Row) -> None:
    """Have the discount of an accepted offer ended at Polar; `checkout/` then ends the offer, or lets it be paid."""
    await tx.execute("update offers set revoke_asked_at = clock_timestamp() where id = %(id)s", {"id": offer["id"]})
    arguments = {"organization_id": offer["organization_id"], "offer_id": offer["id"]}
    await jobs.enqueue(tx, REVOKE, arguments, key=f"{REVOKE}:{offer['id']}")


async def _each(db: Database, rows: list[Row], step: Callable[[Tx, Row, Row], Awaitable[None]]) -> int:
    """One transaction for each, so that none waits for the others; those that ended meanwhile are left out."""
    for row in rows:
        async with db.transaction() as tx:
            conversation, offer = await lifecycle.lock_both(
                tx, organization_id=row["organization_id"], offer_id=row["id"]
            )
            if offer["status"] in STANDING:
                await step(tx, conversation, offer)
    return len(rows)

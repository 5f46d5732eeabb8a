"""A checkout's row moves on: one transaction each, locks in order (conversation → offer → checkout → budgets)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.catalog import repository as catalog
from agentpay.checkout import concessions, kinds, leftovers, say
from agentpay.checkout.errors import LeaseLost
from agentpay.checkout.outbox import Attempt
from agentpay.checkout.public import checkout_public, payment_button, plain
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.offers import lifecycle, words
from agentpay.organizations.notify import notify
from agentpay.polar.types import Checkout

# How long a caller waits for Polar inside a request or a turn; who waited longer is told by a message.
WAIT_SECONDS = 15
WATCH_MINUTES = 10
POLL_SECONDS = 15

# The end of the concession, not a fault: the visitor hears of it, the merchant need not.
QUIET_REASONS = frozenset({"offer_expired", "price_changed", "rules_changed", "offer_unavailable", "replaced"})


async def open_checkout(
    db: Database,
    appender: Appender,
    jobs: Jobs,
    *,
    row: Row,
    attempt: Attempt | None,
    checkout: Checkout,
    is_lower: bool = False,
) -> None:
    """Record a verified checkout of Polar's: from now on it may be seen.

    `attempt` None: found by a webhook while nobody performs the row. Raises LeaseLost when another attempt has it.
    """
    async with db.transaction() as tx:
        conversation = await lock(tx, organization_id=row["organization_id"], conversation_id=row["conversation_id"])
        offer = await concessions.lock_offer(tx, row=row)
        opened = await tx.one(
            _OPEN,
            {
                "id": row["id"],
                "attempt": attempt.number if attempt else None,
                "polar_checkout_id": checkout.id,
                "url": checkout.url,
                "expires_at": checkout.expires_at,
                "offer_expires_at": offer["expires_at"] if offer and row_is_conceded(checkout) else None,
                "list_amount": checkout.amount,
                "amount": checkout.amount - checkout.discount_amount,
            },
        )
        if opened is None:
            raise LeaseLost
        await tell(tx, appender, conversation, opened)
        if is_lower and offer is not None:
            # Who pays the list price needs no concession any more; what was reserved for it is free again.
            await lifecycle.void(tx, appender, conversation=conversation, offer=offer, reason="list_lower")
            await _say(tx, appender, conversation, opened, key="list_lower", amount=offer["amount"])
        if opened["is_late"]:
            await _say(tx, appender, conversation, opened, key="checkout_ready", has_button=True)
        await _enqueue(tx, jobs, kinds.POLL, opened, delay_seconds=POLL_SECONDS)
        if opened["is_uncertain"]:
            await _enqueue(tx, jobs, kinds.TIDY, opened, delay_seconds=leftovers.TIDY_SECONDS)


async def fail_checkout(
    db: Database, appender: Appender, jobs: Jobs, *, row: Row, attempt: Attempt, reason: str
) -> None:
    """Give the row up for `reason`; an offer ends with it. Raises LeaseLost when another attempt has it."""
    async with db.transaction() as tx:
        conversation = await lock(tx, organization_id=row["organization_id"], conversation_id=row["conversation_id"])
        offer = await concessions.lock_offer(tx, row=row)
        failed = await tx.one(_FAIL, {"id": row["id"], "attempt": attempt.number, "reason": reason})
        if failed is None:
            raise LeaseLost
        await tell(tx, appender, conversation, failed)
        if offer is not None:
            await concessions.end(tx, appender, conversation, offer=offer, reason=reason)
        elif failed["is_late"]:
            await _say(tx, appender, conversation, failed, key=reason)
        if failed["is_uncertain"]:
            await _enqueue(tx, jobs, kinds.TIDY, failed, delay_seconds=leftovers.TIDY_SECONDS)
        if reason not in QUIET_REASONS:
            await notify(
                tx,
                jobs,
                organization_id=row["organization_id"],
                conversation_id=row["conversation_id"],
                type="checkout.failed",
                data=plain(checkout_public(failed)),
            )


async def tell(tx: Tx, appender: Appender, conversation: Row, row: Mapping[str, Any]) -> None:
    """`checkout.updated` with the row as it is now; an erased conversation is told nothing."""
    if conversation["erased_at"] is None:
        data = plain(checkout_public(row))
        await appender.event(tx, conversation_id=conversation["id"], type="checkout.updated", data=data)


async def product_name(source: Database | Tx, *, organization_id: UUID, product_id: UUID) -> str | None:
    product = await catalog.find_product(source, organization_id=organization_id, product_id=product_id)
    return product.name if product else None


def row_is_conceded(checkout: Checkout) -> bool:
    """Whether our discount is on it: then it is worth what was agreed only as long as the offer."""
    return checkout.discount_id is not None and checkout.discount_amount > 0


async def _say(
    tx: Tx,
    appender: Appender,
    conversation: Row,
    row: Mapping[str, Any],
    *,
    key: str,
    amount: int | None = None,
    has_button: bool = False,
) -> None:
    if conversation["erased_at"] is not None:
        return
    name = await product_name(tx, organization_id=row["organization_id"], product_id=row["product_id"])
    content = say.sentence(
        key,
        language=words.language_of(conversation),
        product=name,
        currency=row["currency"],
        amount=row["amount"] if amount is None else amount,
        list_amount=row["list_amount"],
        code=row["discount_code"] or "",
    )
    await appender.system_message(
        tx,
        organization_id=row["organization_id"],
        conversation_id=row["conversation_id"],
        content=content,
        attachments=[payment_button(row)] if has_button else [],
    )


async def _enqueue(tx: Tx, jobs: Jobs, kind: str, row: Mapping[str, Any], *, delay_seconds: float) -> None:
    arguments = {"organization_id": row["organization_id"], "checkout_id": row["id"]}
    await jobs.enqueue(tx, kind, arguments, key=f"{kind}:{row['id']}", delay_seconds=delay_seconds)


_LATE = f"created_at < clock_timestamp() - interval '{WAIT_SECONDS} seconds' as is_late"

_OPEN = f"""
update checkouts set status = 'open', reason = null, polar_checkout_id = %(polar_checkout_id)s, url = %(url)s,
  expires_at = least(%(expires_at)s::timestamptz, coalesce(%(offer_expires_at)s::timestamptz, %(expires_at)s)),
  list_amount = %(list_amount)s, amount = %(amount)s, sent_at = null, lease_until = null, modified_at = now(),
  watched_until = clock_timestamp() + interval '{WATCH_MINUTES} minutes'
where id = %(id)s and status = 'creating'
  and (attempt = %(attempt)s or (%(attempt)s::int is null and (lease_until is null or lease_until < clock_timestamp())))
returning *, {_LATE}
"""

_FAIL = f"""
update checkouts set status = 'failed', reason = %(reason)s, lease_until = null, modified_at = now()
where id = %(id)s and attempt = %(attempt)s and status = 'creating' returning *, {_LATE}
"""

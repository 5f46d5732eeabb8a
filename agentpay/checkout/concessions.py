"""The offer's side of a checkout: carried by a discount at Polar, over, redeemed.

All in the caller's transaction, who has locked the conversation; offers are locked before checkouts, budgets last.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agentpay.checkout.verify import ExpectedDiscount
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.offers import lifecycle
from agentpay.polar.types import Discount

# Polar honours the price a little longer than we show it, so that a buyer who is paying is not cut off (OFFERS D4).
GRACE = timedelta(minutes=3)
OFFER_EXPIRED = "offer_expired"
# Reasons that have a sentence of their own.
SAID_REASONS = frozenset({"price_changed", "product_unavailable", "rules_changed"})
DISCOUNT_NAME = "Your offer {token}"

_COLUMNS = "*, expires_at <= clock_timestamp() as is_expired"


async def find_offer(source: Database | Tx, *, row: Mapping[str, Any]) -> Row | None:
    """The checkout's offer, with `is_expired` by the database's clock."""
    return await source.one(f"select {_COLUMNS} from offers where id = %(id)s and organization_id = %(org)s", _key(row))


async def lock_offer(tx: Tx, *, row: Mapping[str, Any]) -> Row | None:
    if row["offer_id"] is None:
        return None
    return await tx.one(
        f"select {_COLUMNS} from offers where id = %(id)s and organization_id = %(org)s for update", _key(row)
    )


def expected_discount(offer: Mapping[str, Any]) -> ExpectedDiscount:
    """What carries the offer: its percentage, or the amount off in its one currency (OFFERS D1)."""
    is_percentage = offer["basis_points"] is not None
    return ExpectedDiscount(
        offer_id=offer["id"],
        product_id=offer["product_id"],
        basis_points=offer["basis_points"],
        amounts=None if is_percentage else {offer["currency"]: offer["list_amount"] - offer["amount"]},
    )


def discount_name(offer: Mapping[str, Any]) -> str:
    """Shown to the buyer; the token in it is how it is found again (OFFERS D8)."""
    return DISCOUNT_NAME.format(token=offer["discount_token"])


def discount_ends_at(offer: Mapping[str, Any]) -> datetime:
    ends_at: datetime = offer["expires_at"] + GRACE
    return ends_at


def metadata_of(offer: Mapping[str, Any]) -> dict[str, str]:
    return {
        "agentpay_organization_id": str(offer["organization_id"]),
        "agentpay_conversation_id": str(offer["conversation_id"]),
        "agentpay_offer_id": str(offer["id"]),
    }


async def mark_creating(tx: Tx, *, offer: Mapping[str, Any]) -> None:
    """Just before Polar is asked for the discount."""
    await tx.execute(
        "update offers set discount_state = 'creating' where id = %(id)s and discount_state = 'none'",
        {"id": offer["id"]},
    )


async def mark_live(tx: Tx, *, offer: Mapping[str, Any], discount: Discount) -> None:
    """Polar has it: from now on it must be revoked to be gone."""
    await tx.execute(
        """update offers set discount_state = 'live', discount_id = %(discount_id)s, discount_ends_at = %(ends_at)s,
          modified_at = now() where id = %(id)s and discount_id is null""",
        {"id": offer["id"], "discount_id": discount.id, "ends_at": discount.ends_at},
    )


async def mark_ended(tx: Tx, *, offer: Mapping[str, Any]) -> None:
    """Whatever Polar had of it can be used no more."""
    await tx.execute(
        "update offers set discount_state = case when discount_id is null then 'none' else 'revoked' end"
        " where id = %(id)s",
        {"id": offer["id"]},
    )


async def end(tx: Tx, appender: Appender, conversation: Row, *, offer: Row, reason: str) -> None:
    """The concession is off: expired, or void for `reason`; the budget is free again and the visitor told.

    Nothing once it was redeemed or ended before. Money may still come.
    """
    if reason == OFFER_EXPIRED:
        ended = await lifecycle.expire(tx, appender, conversation=conversation, offer=offer, say="lapsed")
    else:
        said = reason if reason in SAID_REASONS else "withdrawn"
        ended = await lifecycle.void(tx, appender, conversation=conversation, offer=offer, reason=reason, say=said)
    if ended is not None:
        await mark_ended(tx, offer=offer)


def _key(row: Mapping[str, Any]) -> dict[str, UUID | None]:
    return {"id": row["offer_id"], "org": row["organization_id"]}

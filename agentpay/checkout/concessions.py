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
from agentpay.offers import budget
from agentpay.offers.enums import OFFER_FROM
from agentpay.offers.public import offer_public
from agentpay.polar.types import Discount

# Polar honours the price a little longer than we show it, so that a buyer who is paying is not cut off (OFFERS D4).
GRACE = timedelta(minutes=3)
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


async def accept(tx: Tx, appender: Appender, conversation: Row, *, offer: Mapping[str, Any]) -> Row:
    """An open offer becomes an accepted one; returns the row. The caller has checked that it is open and in time."""
    accepted = await tx.one(
        "update offers set status = 'accepted', modified_at = now() where id = %(id)s and status = 'open' returning *",
        {"id": offer["id"]},
    )
    assert accepted is not None, "the caller holds the row's lock"
    await tell(tx, appender, conversation, accepted)
    return accepted


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


async def end(tx: Tx, appender: Appender, conversation: Row, *, offer: Mapping[str, Any], reason: str) -> None:
    """The concession is over and off: expired, or void for `reason`; the budget is free again. Money may still come.

    Nothing once it was redeemed, or ended before.
    """
    status = "expired" if reason == "offer_expired" else "void"
    ended = await tx.one(
        """update offers set status = %(status)s, modified_at = now(),
          void_reason = case when %(status)s = 'void' then %(reason)s end,
          discount_state = case when discount_id is null then 'none' else 'revoked' end
        where id = %(id)s and status = any(%(from)s) returning *""",
        {"id": offer["id"], "status": status, "reason": reason, "from": list(OFFER_FROM[status])},
    )
    if ended is not None:
        await budget.release(tx, organization_id=ended["organization_id"], cause=cause_of(ended))
        await tell(tx, appender, conversation, ended)


async def redeem(
    tx: Tx, appender: Appender, conversation: Row, *, offer: Mapping[str, Any], conceded: int | None
) -> None:
    """It was used, whatever state it is in. `conceded`: what it really cost; None = not known yet (a trial, D6)."""
    redeemed = await tx.one(
        "update offers set status = 'redeemed', modified_at = now() where id = %(id)s and status <> 'redeemed'"
        " returning *",
        {"id": offer["id"]},
    )
    if conceded is not None:
        await budget.commit(tx, organization_id=offer["organization_id"], cause=cause_of(offer), amount=conceded)
    if redeemed is not None:
        await tell(tx, appender, conversation, redeemed)


async def tell(tx: Tx, appender: Appender, conversation: Row, offer: Mapping[str, Any]) -> None:
    """`offer.updated`; an erased conversation is told nothing."""
    if conversation["erased_at"] is None:
        await appender.event(tx, conversation_id=conversation["id"], type="offer.updated", data=offer_public(offer))


def cause_of(offer: Mapping[str, Any]) -> str:
    """Its name in the ledger."""
    return f"offer:{offer['id']}"


def _key(row: Mapping[str, Any]) -> dict[str, UUID | None]:
    return {"id": row["offer_id"], "org": row["organization_id"]}

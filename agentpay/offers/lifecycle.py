"""The steps of an offer, one function each, in the caller's transaction: status, ledger, event, what the visitor reads.

The caller holds the locks: conversation first, then the offer. A step that the transition table forbids does nothing
and returns None. An erased conversation keeps the row and hears nothing; a closed one gets no sentence.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.catalog import repository as catalog
from agentpay.conversations.append import Appender, lock
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.offers import budget, repository, words
from agentpay.offers.enums import OFFER_FROM
from agentpay.offers.errors import OfferExpired, OfferPending, OfferUnavailable
from agentpay.offers.public import offer_attachment, offer_public
from agentpay.organizations.notify import notify

# Who accepted has at least so long to pay, however late he accepted.
ACCEPTED_MINUTES_MIN = 30

_MOVE = """
update offers set status = %(status)s, modified_at = now(), void_reason = %(void_reason)s
where id = %(id)s and status = any(%(earlier)s) returning *
"""
_OPEN = """
update offers set status = 'open', modified_at = now(), opened_at = clock_timestamp(), amount = %(amount)s,
  floor_amount = %(floor_amount)s, basis_points = %(basis_points)s, reasons = %(reasons)s,
  expires_at = clock_timestamp() + make_interval(mins => %(valid_minutes)s)
where id = %(id)s and status = any(%(earlier)s) returning *
"""
_ACCEPT = """
update offers set status = 'accepted', modified_at = now(),
  expires_at = greatest(expires_at, clock_timestamp() + make_interval(mins => %(minutes)s))
where id = %(id)s and status = any(%(earlier)s) returning *
"""


def cause_of(offer_id: UUID) -> str:
    """Under which name the ledger knows an offer."""
    return f"offer:{offer_id}"


async def tell_created(tx: Tx, appender: Appender, *, offer: Row) -> None:
    await appender.event(tx, conversation_id=offer["conversation_id"], type="offer.created", data=offer_public(offer))


async def open_pending(
    tx: Tx, appender: Appender, *, conversation: Row, offer: Row, terms: Mapping[str, Any], valid_minutes: int
) -> Row | None:
    """A person agreed: its time starts now. `terms`: amount, floor_amount, basis_points, reasons."""
    params = {"id": offer["id"], "earlier": list(OFFER_FROM["open"]), "valid_minutes": valid_minutes, **terms}
    opened = await tx.one(_OPEN, params)
    if opened is not None:
        await _tell(tx, appender, conversation=conversation, offer=opened, say="approved")
    return opened


async def accept(tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, offer_id: UUID) -> tuple[Row, bool]:
    """The visitor takes an open offer; the caller has locked the conversation and makes the checkout in `tx`.

    Returns the offer and whether it was accepted just now: again is fine. Raises NotFound, OfferPending, OfferExpired,
    OfferUnavailable. Its concession stays reserved until it is redeemed or ends.
    """
    offer = await repository.lock_offer(
        tx,
        organization_id=conversation["organization_id"],
        offer_id=offer_id,
        conversation_id=conversation["id"],
    )
    if offer["status"] == "accepted":
        return offer, False
    if offer["status"] == "pending_approval":
        raise OfferPending
    if offer["status"] == "expired" or (offer["status"] == "open" and await is_overdue(tx, offer)):
        raise OfferExpired
    params = {"id": offer["id"], "earlier": list(OFFER_FROM["accepted"]), "minutes": ACCEPTED_MINUTES_MIN}
    accepted = await tx.one(_ACCEPT, params)
    if accepted is None:
        raise OfferUnavailable
    await _tell(tx, appender, conversation=conversation, offer=accepted)
    for pending in await repository.lock_of_product(
        tx, conversation_id=offer["conversation_id"], product_id=offer["product_id"], statuses=("pending_approval",)
    ):
        await void(tx, appender, conversation=conversation, offer=pending, reason="already_accepted")
    await notify(
        tx,
        jobs,
        organization_id=offer["organization_id"],
        type="offer.accepted",
        data=offer_public(accepted, for_staff=True),
        conversation_id=offer["conversation_id"],
    )
    return accepted, True


async def void(
    tx: Tx, appender: Appender, *, conversation: Row, offer: Row, reason: str, say: str | None = None
) -> Row | None:
    """It holds no more. `reason` is for the merchant: replaced, price_changed, product_unavailable, rules_changed …

    `say`: the key of a sentence of `words.py` for the visitor.
    """
    return await _end(tx, appender, conversation=conversation, offer=offer, status="void", reason=reason, say=say)


async def expire(tx: Tx, appender: Appender, *, conversation: Row, offer: Row, say: str | None = None) -> Row | None:
    return await _end(tx, appender, conversation=conversation, offer=offer, status="expired", say=say)


async def decline(tx: Tx, appender: Appender, *, conversation: Row, offer: Row, say: str) -> Row | None:
    return await _end(tx, appender, conversation=conversation, offer=offer, status="declined", say=say)


async def redeem(
    tx: Tx, appender: Appender, *, conversation: Row, offer: Row, conceded: int | None = None
) -> Row | None:
    """It was paid for, whatever had become of it: money always lands, and the ledger counts it as used.

    `conceded`: what the order really took off; None = as agreed.
    """
    redeemed = await _move(tx, offer=offer, status="redeemed", reason=offer["void_reason"])
    if redeemed is None:
        return None
    await budget.commit(tx, organization_id=offer["organization_id"], cause=cause_of(offer["id"]), amount=conceded)
    if offer["status"] != "redeemed":
        await _tell(tx, appender, conversation=conversation, offer=redeemed)
    return redeemed


async def lock_both(tx: Tx, *, organization_id: UUID, offer_id: UUID) -> tuple[Row, Row]:
    """The conversation, then the offer, locked: whose conversation it is never changes. Raises NotFound."""
    offer = await repository.get_offer(tx, organization_id=organization_id, offer_id=offer_id)
    conversation = await lock(tx, organization_id=organization_id, conversation_id=offer["conversation_id"])
    return conversation, await repository.lock_offer(tx, organization_id=organization_id, offer_id=offer_id)


async def is_overdue(tx: Tx, offer: Row) -> bool:
    """By the database's clock."""
    overdue: bool = await tx.value("select %(at)s <= clock_timestamp()", {"at": offer["expires_at"]})
    return overdue


async def _end(
    tx: Tx,
    appender: Appender,
    *,
    conversation: Row,
    offer: Row,
    status: str,
    reason: str | None = None,
    say: str | None = None,
) -> Row | None:
    ended = await _move(tx, offer=offer, status=status, reason=reason)
    if ended is not None:
        await budget.release(tx, organization_id=offer["organization_id"], cause=cause_of(offer["id"]))
        await _tell(tx, appender, conversation=conversation, offer=ended, say=say)
    return ended


async def _move(tx: Tx, *, offer: Row, status: str, reason: str | None) -> Row | None:
    params = {
        "id": offer["id"],
        "status": status,
        "void_reason": reason,
        "earlier": list(OFFER_FROM[status]),
    }
    return await tx.one(_MOVE, params)


async def _tell(tx: Tx, appender: Appender, *, conversation: Row, offer: Row, say: str | None = None) -> None:
    if conversation["erased_at"] is not None:
        return
    await appender.event(tx, conversation_id=offer["conversation_id"], type="offer.updated", data=offer_public(offer))
    if say is None or conversation["status"] == "closed":
        return
    product = await catalog.find_product(tx, organization_id=offer["organization_id"], product_id=offer["product_id"])
    await appender.system_message(
        tx,
        organization_id=offer["organization_id"],
        conversation_id=offer["conversation_id"],
        content=words.sentence(
            say,
            offer=offer,
            product_name=product.name if product else None,
            language=words.language_of(conversation),
        ),
        attachments=[offer_attachment(offer)],
    )

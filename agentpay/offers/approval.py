"""The merchant's word on an offer: yes, at a price of his, or no. One transaction each."""

from uuid import UUID

from agentpay.agents import repository as agents
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import Invalid
from agentpay.offers import budget, lifecycle, repository, watch, words
from agentpay.offers.bound import Realisation, bound, realise
from agentpay.offers.errors import OfferExpired, OfferUnavailable

APPROVED_MINUTES_DEFAULT = 1440
APPROVED_MINUTES_MAX = 7 * 24 * 60


async def approve(
    db: Database,
    appender: Appender,
    *,
    organization_id: UUID,
    offer_id: UUID,
    amount: int | None = None,
    valid_minutes: int = APPROVED_MINUTES_DEFAULT,
) -> Row:
    """A person agrees, at the offered amount or a higher one; what the visitor held before is replaced.

    The rules, the price and the product of this moment decide, not those of the ask. Raises NotFound, OfferExpired,
    OfferUnavailable, Invalid at ["body","amount"].
    """
    async with db.transaction() as tx:
        conversation, offer = await lifecycle.lock_both(tx, organization_id=organization_id, offer_id=offer_id)
        refusal = await _refusal(tx, appender, conversation=conversation, offer=offer)
        if refusal is None:
            return await _approve(
                tx, appender, conversation=conversation, offer=offer, amount=amount, valid_minutes=valid_minutes
            )
    raise refusal  # after the commit: an offer that turned out to be over stays so


async def decline(db: Database, appender: Appender, *, organization_id: UUID, offer_id: UUID) -> Row:
    """A person says no to a pending offer, or withdraws an open one. Raises NotFound, OfferUnavailable."""
    async with db.transaction() as tx:
        conversation, offer = await lifecycle.lock_both(tx, organization_id=organization_id, offer_id=offer_id)
        say = "declined" if offer["status"] == "pending_approval" else "withdrawn"
        declined = await lifecycle.decline(tx, appender, conversation=conversation, offer=offer, say=say)
        if declined is None:
            raise OfferUnavailable
        return declined


async def current_bound(tx: Tx, *, offer: Row) -> int:
    """The lowest price of the offer's product by the rules of this moment, of the agent that made the offer."""
    rules = await agents.get_rules(tx, organization_id=offer["organization_id"], agent_id=offer["agent_id"])
    currency = await tx.value(
        "select default_currency from organizations where id = %(id)s", {"id": offer["organization_id"]}
    )
    return bound(
        rules,
        product_id=offer["product_id"],
        list_amount=offer["list_amount"],
        currency=offer["currency"],
        default_currency=currency,
    )


async def _refusal(
    tx: Tx, appender: Appender, *, conversation: Row, offer: Row
) -> OfferExpired | OfferUnavailable | None:
    """Why it cannot be approved any more; what is over is ended here."""
    if offer["status"] != "pending_approval":
        return OfferUnavailable("This offer is not waiting for approval.")
    if await lifecycle.is_overdue(tx, offer):
        await lifecycle.expire(tx, appender, conversation=conversation, offer=offer, say="unanswered")
        return OfferExpired()
    changed = await watch.changed_reason(tx, offer=offer)
    if changed is not None:
        await lifecycle.void(tx, appender, conversation=conversation, offer=offer, reason=changed, say=changed)
        return OfferUnavailable("The product or its price has changed since.")
    return None


async def _approve(
    tx: Tx, appender: Appender, *, conversation: Row, offer: Row, amount: int | None, valid_minutes: int
) -> Row:
    held = await repository.lock_of_product(
        tx, conversation_id=offer["conversation_id"], product_id=offer["product_id"], statuses=("open",)
    )
    floor = await current_bound(tx, offer=offer)
    terms = _approved_terms(offer, amount=amount, floor=floor)
    await budget.shrink(
        tx,
        organization_id=offer["organization_id"],
        cause=lifecycle.cause_of(offer["id"]),
        amount=terms.conceded,
        beside=[lifecycle.cause_of(row["id"]) for row in held],
    )
    for row in held:
        await lifecycle.void(tx, appender, conversation=conversation, offer=row, reason="replaced")
    agreed = words.reasons(["approved"], language=words.language_of(conversation))
    opened = await lifecycle.open_pending(
        tx,
        appender,
        conversation=conversation,
        offer=offer,
        terms={
            "amount": terms.amount,
            "floor_amount": floor,
            "basis_points": terms.basis_points,
            "reasons": [*agreed, *offer["reasons"]],
        },
        valid_minutes=valid_minutes,
    )
    assert opened is not None  # locked, and pending a moment ago
    return opened


def _approved_terms(offer: Row, *, amount: int | None, floor: int) -> Realisation:
    """From the offered to the list amount, never past the rules. Raises Invalid at ["body","amount"]."""
    wanted = offer["amount"] if amount is None else amount
    if not offer["amount"] <= wanted < offer["list_amount"]:
        said = f"From {offer['amount']}, and less than the list amount of {offer['list_amount']}."
        raise Invalid.at(("body", "amount"), said)
    if wanted < floor:
        raise Invalid.at(("body", "amount"), f"The agent's rules allow no less than {floor}.")
    terms = realise(offer["list_amount"], wanted, offer["discount_type"])
    if terms is None:
        raise Invalid.at(("body", "amount"), "Too close to the list amount to be had as a discount.")
    return terms

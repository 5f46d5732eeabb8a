"""The visitor accepts an offer: it becomes a checkout, once, however often and from wherever it is accepted."""

from uuid import UUID

from agentpay.checkout import shop
from agentpay.checkout.errors import PaymentsNotReady
from agentpay.checkout.start import Hold, NewCheckout, Started, get_sellable, insert_checkout
from agentpay.conversations.append import Appender, lock
from agentpay.conversations.errors import ConversationClosed
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.offers import lifecycle
from agentpay.offers.errors import OfferUnavailable
from agentpay.offers.repository import lock_offer


async def accept(
    db: Database,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    offer_id: UUID,
    effect_key: str | None = None,
    hold: Hold | None = None,
) -> Started:
    """Accept an open offer; again: its checkout, the same one.

    Raises NotFound, ConversationClosed, OfferPending, OfferExpired, OfferUnavailable, ProductUnavailable,
    PaymentsNotReady, Limited. Polar is not asked here.
    """
    async with db.transaction() as tx:
        if hold is not None:
            await hold(tx)
        conversation = await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
        offer = await lock_offer(
            tx, organization_id=organization_id, offer_id=offer_id, conversation_id=conversation_id
        )
        if offer["status"] in ("accepted", "redeemed"):
            return Started(await _checkout_of(tx, offer), False)
        if conversation["status"] == "closed":
            raise ConversationClosed
        offer, _ = await lifecycle.accept(tx, appender, jobs, conversation=conversation, offer_id=offer_id)
        await get_sellable(tx, organization_id=organization_id, product_id=offer["product_id"])
        if not (await shop.get_shop(tx, organization_id=organization_id)).takes_payments:
            raise PaymentsNotReady
        wanted = NewCheckout(
            product_id=offer["product_id"],
            offer_id=offer["id"],
            currency=offer["currency"],
            list_amount=offer["list_amount"],
            amount=offer["amount"],
            effect_key=effect_key,
        )
        return Started(await insert_checkout(tx, appender, jobs, conversation=conversation, wanted=wanted), True)


async def find_open_offer(
    db: Database, *, organization_id: UUID, conversation_id: UUID, product_id: UUID
) -> UUID | None:
    """The price that this conversation holds for the product: what "I'll take it" means."""
    offer_id: UUID | None = await db.value(
        """select id from offers where organization_id = %(organization_id)s
        and conversation_id = %(conversation_id)s and product_id = %(product_id)s
        and (status = 'accepted' or (status = 'open' and expires_at > clock_timestamp())) order by id desc limit 1""",
        {"organization_id": organization_id, "conversation_id": conversation_id, "product_id": product_id},
    )
    return offer_id


async def _checkout_of(tx: Tx, offer: Row) -> UUID:
    checkout_id: UUID | None = await tx.value(
        "select id from checkouts where offer_id = %(id)s order by status in ('failed', 'expired'), id desc limit 1",
        {"id": offer["id"]},
    )
    if checkout_id is None:
        raise OfferUnavailable
    return checkout_id

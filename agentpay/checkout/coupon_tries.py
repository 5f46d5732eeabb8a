"""Looking a coupon code up at Polar, a bounded number of times per conversation."""

from datetime import datetime
from uuid import UUID

from agentpay.checkout.coupons import Coupon, coupon_of, is_code
from agentpay.checkout.errors import CouponInvalid
from agentpay.db.engine import Database
from agentpay.kit.errors import Limited
from agentpay.polar.gateway import PolarGateway

# A conversation's tries do not come back; this is only when asking again stops being rude.
RETRY_AFTER_SECONDS = 24 * 60 * 60


async def find_coupon(
    db: Database,
    polar: PolarGateway,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    code: str,
    product_id: UUID,
    currency: str,
    list_amount: int,
    now: datetime,
    tries_max: int,
) -> Coupon:
    """The coupon behind `code`, usable for this purchase now.

    Raises `CouponInvalid` (counts as a try), `Limited` when the tries are used up, `PolarError` (counts for nothing).
    """
    await _use_try(db, organization_id=organization_id, conversation_id=conversation_id, tries_max=tries_max)
    if not is_code(code):
        raise CouponInvalid
    is_spent = False
    try:
        found = await (await polar.of(organization_id)).find_discounts(query=code)
        coupon = coupon_of(
            found.items, code=code, product_id=product_id, currency=currency, list_amount=list_amount, now=now
        )
        if coupon is None:
            is_spent = True
            raise CouponInvalid
        return coupon
    finally:
        if not is_spent:
            await _give_back(db, conversation_id=conversation_id)


async def _use_try(db: Database, *, organization_id: UUID, conversation_id: UUID, tries_max: int) -> None:
    """Taken before Polar is asked, so that parallel guesses count."""
    used = await db.value(
        """insert into coupon_tries (conversation_id, organization_id, used)
        select %(conversation_id)s, %(organization_id)s, 1 where %(max)s > 0
        on conflict (conversation_id) do update set used = coupon_tries.used + 1 where coupon_tries.used < %(max)s
        returning used""",
        {"conversation_id": conversation_id, "organization_id": organization_id, "max": tries_max},
    )
    if used is None:
        raise Limited("Too many codes were tried in this conversation.", retry_after=RETRY_AFTER_SECONDS)


async def _give_back(db: Database, *, conversation_id: UUID) -> None:
    await db.run(
        "update coupon_tries set used = greatest(used - 1, 0) where conversation_id = %(id)s", {"id": conversation_id}
    )

"""What Polar's webhooks about selling do here: event type → handler, for whoever receives them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpay.checkout import orders, progress
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.polar import types
from agentpay.polar.gateway import PolarGateway

Handler = Callable[[UUID, Any, datetime], Awaitable[bool]]
"""Organization, the envelope's `data`, its timestamp. False: nothing of ours. May be repeated, in any order."""

CHECKOUT_EVENTS = ("checkout.created", "checkout.updated", "checkout.expired")
ORDER_EVENTS = ("order.created", "order.updated", "order.paid", "order.refunded")
REFUND_EVENTS = ("refund.created", "refund.updated")


def handlers(db: Database, polar: PolarGateway, appender: Appender, jobs: Jobs) -> dict[str, Handler]:
    async def on_checkout(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        checkout = msgspec.convert(data, types.Checkout)
        return await progress.land_checkout(
            db, appender, jobs, organization_id=organization_id, checkout=checkout, seen_at=sent_at
        )

    async def on_discount(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        discount = msgspec.convert(data, types.Discount)
        return await progress.land_discount(db, jobs, organization_id=organization_id, discount=discount)

    async def on_order(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        order = msgspec.convert(data, types.Order)
        return await orders.land(db, appender, jobs, organization_id=organization_id, order=order, seen_at=sent_at)

    async def on_refund(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        """A refund names its order only; the order holds the sums."""
        refund = msgspec.convert(data, types.Refund)
        return await land_refunded(
            db, polar, appender, jobs, organization_id=organization_id, order_id=refund.order_id, seen_at=sent_at
        )

    return {
        **dict.fromkeys(CHECKOUT_EVENTS, on_checkout),
        "discount.created": on_discount,
        **dict.fromkeys(ORDER_EVENTS, on_order),
        **dict.fromkeys(REFUND_EVENTS, on_refund),
    }


async def land_refunded(
    db: Database,
    polar: PolarGateway,
    appender: Appender,
    jobs: Jobs,
    *,
    organization_id: UUID,
    order_id: UUID,
    seen_at: datetime,
) -> bool:
    """Read an order of ours again because money went back. False: none of ours. Raises `PolarError`."""
    known = await db.value(
        "select 1 from orders where organization_id = %(organization_id)s and polar_order_id = %(id)s",
        {"organization_id": organization_id, "id": order_id},
    )
    if known is None:
        return False
    order = await (await polar.of(organization_id, priority="sync")).get_order(order_id=order_id)
    return await orders.land(db, appender, jobs, organization_id=organization_id, order=order, seen_at=seen_at)

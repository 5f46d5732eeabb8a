"""What each event of Polar's does to us. Idempotent; believes the envelope's time, not the order of arrival."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpay.catalog import mirror
from agentpay.checkout import orders, progress
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.organizations import verify
from agentpay.polar import types
from agentpay.webhooks.apply import Handler

ORDER_EVENTS = ("order.created", "order.updated", "order.paid", "order.refunded")
CHECKOUT_EVENTS = ("checkout.created", "checkout.updated", "checkout.expired")
PRODUCT_EVENTS = ("product.created", "product.updated")


def handlers(db: Database, appender: Appender, jobs: Jobs) -> Mapping[str, Handler]:
    """Event type → what applies it. Types that are not named are stored and ignored.

    `refund.*` name an order only; the `order.*` that comes with each of them carries the sums.
    """

    async def order(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        value = msgspec.convert(data, types.Order, strict=False)
        return await orders.land(db, appender, jobs, organization_id=organization_id, order=value, seen_at=sent_at)

    async def checkout(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        value = msgspec.convert(data, types.Checkout, strict=False)
        return await progress.land_checkout(
            db, appender, jobs, organization_id=organization_id, checkout=value, seen_at=sent_at
        )

    async def discount(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        value = msgspec.convert(data, types.Discount, strict=False)
        return await progress.land_discount(db, jobs, organization_id=organization_id, discount=value)

    async def product(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        value = msgspec.convert(data, types.Product, strict=False)
        async with db.transaction() as tx:
            await mirror.apply_product(tx, jobs, organization_id=organization_id, product=value, seen_at=sent_at)
        return True

    async def organization(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        value = msgspec.convert(data, types.Organization, strict=False)
        async with db.transaction() as tx:
            await verify.learn(tx, jobs, organization_id=organization_id, organization=value)
        return True

    return {
        **dict.fromkeys(ORDER_EVENTS, order),
        **dict.fromkeys(CHECKOUT_EVENTS, checkout),
        "discount.created": discount,
        **dict.fromkeys(PRODUCT_EVENTS, product),
        "organization.updated": organization,
    }

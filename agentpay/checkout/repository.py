"""Finding checkouts and orders. What serves a caller takes `organization_id`; not theirs = not found."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound


async def get_checkout(
    source: Database | Tx, *, organization_id: UUID, checkout_id: UUID, conversation_id: UUID | None = None
) -> Row:
    """Raises NotFound, also for another conversation's when one is named."""
    row = await source.one(
        """select * from checkouts where id = %(id)s and organization_id = %(organization_id)s
        and (%(conversation_id)s::uuid is null or conversation_id = %(conversation_id)s)""",
        {"id": checkout_id, "organization_id": organization_id, "conversation_id": conversation_id},
    )
    if row is None:
        raise NotFound
    return row


async def list_checkouts(
    db: Database, *, organization_id: UUID, conversation_id: UUID, before: UUID | None, limit: int
) -> list[Row]:
    """Of one conversation, newest first, one more than `limit` where there are more."""
    return await db.all(
        """select * from checkouts where conversation_id = %(conversation_id)s and organization_id = %(organization_id)s
        and (%(before)s::uuid is null or id < %(before)s) order by id desc limit %(limit)s""",
        {
            "organization_id": organization_id,
            "conversation_id": conversation_id,
            "before": before,
            "limit": limit + 1,
        },
    )


async def lock_checkout(tx: Tx, *, organization_id: UUID, checkout_id: UUID) -> Row:
    """Lock the row: after its conversation and offer. Raises NotFound."""
    row = await tx.one(
        "select * from checkouts where id = %(id)s and organization_id = %(organization_id)s for update",
        {"id": checkout_id, "organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return row


async def find_by_polar_id(source: Database | Tx, *, organization_id: UUID, polar_checkout_id: UUID) -> Row | None:
    return await source.one(
        "select * from checkouts where polar_checkout_id = %(id)s and organization_id = %(organization_id)s",
        {"id": polar_checkout_id, "organization_id": organization_id},
    )


async def find_by_metadata(source: Database | Tx, *, organization_id: UUID, metadata: Mapping[str, Any]) -> Row | None:
    """The row that Polar's metadata names, if it is this organization's. Metadata alone proves nothing (OFFERS D7)."""
    if metadata.get("agentpay_organization_id") != str(organization_id):
        return None
    try:
        checkout_id = UUID(str(metadata.get("agentpay_checkout_id")))
    except ValueError:
        return None
    return await source.one(
        "select * from checkouts where id = %(id)s and organization_id = %(organization_id)s",
        {"id": checkout_id, "organization_id": organization_id},
    )


async def find_offer(source: Database | Tx, *, organization_id: UUID, offer_id: UUID | None) -> Row | None:
    if offer_id is None:
        return None
    return await source.one(
        "select * from offers where id = %(id)s and organization_id = %(organization_id)s",
        {"id": offer_id, "organization_id": organization_id},
    )


async def get_order(db: Database, *, organization_id: UUID, order_id: UUID) -> Row:
    """A paid order by our id or by Polar's. Raises NotFound."""
    row = await db.one(
        """select * from orders where (id = %(id)s or polar_order_id = %(id)s)
        and organization_id = %(organization_id)s and is_paid""",
        {"id": order_id, "organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return row


async def list_orders(
    db: Database,
    *,
    organization_id: UUID,
    conversation_id: UUID | None = None,
    status: str | None = None,
    below_bound: bool | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Row]:
    """Paid orders, newest first, one more than `limit` where there are more."""
    return await db.all(
        """select * from orders where organization_id = %(organization_id)s and is_paid
        and (%(conversation_id)s::uuid is null or conversation_id = %(conversation_id)s)
        and (%(status)s::text is null or status = %(status)s)
        and (%(below_bound)s::bool is null or below_bound = %(below_bound)s)
        and (%(before)s::uuid is null or id < %(before)s) order by id desc limit %(limit)s""",
        {
            "organization_id": organization_id,
            "conversation_id": conversation_id,
            "status": status,
            "below_bound": below_bound,
            "before": before,
            "limit": limit + 1,
        },
    )

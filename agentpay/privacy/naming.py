"""Which of Polar's deliveries are about the person of one conversation: bodies that name one of its ids anywhere."""

from typing import Any
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx

NAMED_BODIES = """organization_id = %(organization_id)s and body is not null
  and exists (select from unnest(%(named)s::text[]) name where position(name::bytea in body) > 0)"""
"""A condition on `deliveries`; takes what `named_by` returns."""


async def named_by(db: Database | Tx, *, organization_id: UUID, conversation: Row) -> dict[str, Any]:
    """The conversation, its checkouts, orders and customers, as they stand in a body."""
    names = await db.all(
        """select polar_checkout_id::text as name from checkouts where conversation_id = %(id)s
        union select polar_order_id::text from orders where conversation_id = %(id)s
        union select customer_id::text from orders where conversation_id = %(id)s""",
        {"id": conversation["id"]},
    )
    named = [str(conversation["id"]), *(row["name"] for row in names if row["name"])]
    if conversation["customer_id"]:
        named.append(str(conversation["customer_id"]))
    return {"organization_id": organization_id, "named": named}

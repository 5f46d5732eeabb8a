"""Everything held about the person of one conversation, as one document."""

from typing import Any
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.errors import NotFound
from agentpay.privacy.naming import NAMED_BODIES, named_by

ROWS_MAX = 10_000
BODIES_MAX = 200

# Table → what of it is about the person. Rules, floors and other people's data are not.
_PARTS = {
    "messages": """select id, sequence, role, author_name, content, interrupted, intent, intent_confidence, entities,
        action, attachments, created_at from messages where conversation_id = %(id)s order by sequence""",
    "feedback": "select message_id, helpful, rating, comment, created_at from feedback where conversation_id = %(id)s",
    "handoffs": """select asked_by, reason, staff_name, created_at, taken_at, released_at from handoffs
        where conversation_id = %(id)s order by id""",
    "shown_products": """select product_id, shown_at from shown_products
        where conversation_id = %(id)s order by shown_at""",
    "offers": """select id, product_id, quantity, list_amount, amount, currency, status, reasons, expires_at, created_at
        from offers where conversation_id = %(id)s order by id""",
    "checkouts": """select id, polar_checkout_id, product_id, offer_id, seats, amount, currency, status, discount_code,
        custom_field_data, customer, created_at, expires_at from checkouts
        where conversation_id = %(id)s order by id""",
    "orders": """select polar_order_id as order_id, product_id, status, currency, net_amount, tax_amount, total_amount,
        discount_amount, refunded_amount, polar_created_at as created_at from orders
        where conversation_id = %(id)s order by id""",
    "turns": """select id, status, reason, created_at, completed_at from turns
        where conversation_id = %(id)s order by id""",
    "notifications": """select type, status, created_at from notifications
        where conversation_id = %(id)s order by id""",
}
# What Polar's checkouts and orders tell of their buyer.
_BUYER = (
    "customer", "customer_email", "customer_name", "customer_billing_address", "customer_billing_name",
    "customer_ip_address", "customer_tax_id", "billing_name", "billing_address",
)  # fmt: skip


async def export(db: Database, *, organization_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    """The document. Raises NotFound, also once it was erased."""
    conversation = await db.one(
        """select id, organization_id, agent_id, channel, session_id, external_customer_id, customer_id, identity,
          status, stage, context, summary, metadata, agent_state, negotiation_history, hesitation_signals, last_intent,
          origin, created_at
        from conversations
        where id = %(id)s and organization_id = %(organization_id)s and deleted_at is null""",
        {"id": conversation_id, "organization_id": organization_id},
    )
    if conversation is None:
        raise NotFound
    document: dict[str, Any] = {"conversation": conversation}
    for name, query in _PARTS.items():
        document[name] = await db.all(f"{query} limit {ROWS_MAX}", {"id": conversation_id})
    document["told_by_polar"] = await _told_by_polar(db, organization_id=organization_id, conversation=conversation)
    return document


async def _told_by_polar(db: Database, *, organization_id: UUID, conversation: Row) -> list[dict[str, Any]]:
    """The buyer's part of the webhooks that are still kept; the rest of them is the merchant's."""
    rows = await db.all(
        f"select type, received_at, body from deliveries where {NAMED_BODIES} order by id desc limit {BODIES_MAX}",
        await named_by(db, organization_id=organization_id, conversation=conversation),
    )
    return [{"type": row["type"], "received_at": row["received_at"], **_buyer(row["body"])} for row in rows]


def _buyer(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict):
        return {}
    if str(told.get("type")).startswith("customer."):
        return {"customer": data}
    return {name: data[name] for name in _BUYER if data.get(name)}

"""What a visitor may learn about orders: those of this conversation, and a proven customer's own at Polar."""

from typing import Any

from agentpay.agents.tools import ToolContext
from agentpay.checkout.public import order_attachment
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.money import format_amount
from agentpay.kit.text import one_line
from agentpay.kit.wire import in_utc
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.polar.types import Order

ORDERS_MAX = 5
PAID_STATUSES = frozenset({"paid", "partially_refunded", "refunded"})

Facts = dict[str, Any]


async def look_up(
    db: Database, polar: PolarGateway, context: ToolContext, *, reference: str | None
) -> tuple[Facts, tuple[Facts, ...]]:
    """Facts `orders` and `checkouts`, newest first, and an attachment for each order of this conversation.

    Where Polar does not answer, what we know ourselves is told. `reference` only sorts: it never opens anything.
    """
    own = await db.all(_ORDERS, _ids(context))
    orders = [_own_fact(row, context) for row in own]
    known = {fact["order_id"] for fact in orders}
    orders += [fact for fact in await _customer_facts(polar, context) if fact["order_id"] not in known]
    if reference:
        wanted = reference.strip().lower().lstrip("#")
        orders.sort(key=lambda fact: wanted not in fact["order_id"] and wanted not in fact["product_name"].lower())
    checkouts = await db.all(_CHECKOUTS, _ids(context))
    facts: Facts = {
        "orders": orders[:ORDERS_MAX],
        "checkouts": [{"product_name": row["product_name"] or "", "status": row["status"]} for row in checkouts],
    }
    if not context.is_proven_customer:
        facts["scope"] = "this_conversation"
    return facts, tuple(order_attachment(row, products=_names(row)) for row in own)


async def _customer_facts(polar: PolarGateway, context: ToolContext) -> list[Facts]:
    if not context.is_proven_customer or context.external_customer_id is None:
        return []
    try:
        asked = await polar.of(context.organization_id)
        page = await asked.list_orders(external_customer_id=context.external_customer_id, limit=ORDERS_MAX)
    except PolarError:
        return []
    return [_polar_fact(order, context) for order in page.items if order.status in PAID_STATUSES]


def _own_fact(row: Row, context: ToolContext) -> Facts:
    created_at = in_utc(row["polar_created_at"])
    return {
        "order_id": str(row["polar_order_id"]),
        "product_name": row["product_name"] or "",
        "status": row["status"],
        "amount_text": format_amount(row["total_amount"], row["currency"], language=context.language),
        "created_at": created_at.isoformat().replace("+00:00", "Z") if created_at else None,
    }


def _polar_fact(order: Order, context: ToolContext) -> Facts:
    created_at = in_utc(order.created_at)
    return {
        "order_id": str(order.id),
        "product_name": one_line(order.product.name) if order.product else "",
        "status": order.status,
        "amount_text": format_amount(order.total_amount, order.currency, language=context.language),
        "created_at": created_at.isoformat().replace("+00:00", "Z") if created_at else None,
    }


def _names(row: Row) -> list[str]:
    return [row["product_name"]] if row["product_name"] else []


def _ids(context: ToolContext) -> dict[str, Any]:
    return {"organization_id": context.organization_id, "conversation_id": context.conversation_id}


_ORDERS = f"""
select o.*, p.name as product_name from orders o
left join products p on p.organization_id = o.organization_id and p.product_id = o.product_id
where o.conversation_id = %(conversation_id)s and o.organization_id = %(organization_id)s and o.is_paid
order by o.id desc limit {ORDERS_MAX}
"""
_CHECKOUTS = f"""
select c.status, p.name as product_name from checkouts c
left join products p on p.organization_id = c.organization_id and p.product_id = c.product_id
where c.conversation_id = %(conversation_id)s and c.organization_id = %(organization_id)s
  and c.status in ('creating', 'open', 'confirmed')
order by c.id desc limit {ORDERS_MAX}
"""

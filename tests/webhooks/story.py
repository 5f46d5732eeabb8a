"""What Polar tells of many orders: every event of each one's life, and what it all comes to in the end."""

import copy
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7
from agentpay.sandbox.polar import render_checkout, render_sales
from agentpay.sandbox.stage import Stage
from tests.cast import Shop
from tests.cluster.cluster import Cluster
from tests.turns.conftest import pay

# As many conversations with an open checkout as there are new ids, each like the one that a visitor really opened.
_CLONE = """
with given as (select * from unnest(%(conversations)s::uuid[], %(checkouts)s::uuid[], %(polar_ids)s::uuid[])
    as given(conversation_id, checkout_id, polar_id)),
talks as (insert into conversations select (jsonb_populate_record(c, jsonb_build_object(
    'id', g.conversation_id, 'session_id', g.conversation_id))).*
  from given g, conversations c where c.id = %(conversation_id)s)
insert into checkouts select (jsonb_populate_record(c, jsonb_build_object('id', g.checkout_id,
    'conversation_id', g.conversation_id, 'polar_checkout_id', g.polar_id, 'effect_key', g.checkout_id))).*
  from given g, checkouts c where c.id = %(checkout_id)s
"""


class Event(msgspec.Struct, frozen=True):
    id: str
    body: bytes


class Sale(msgspec.Struct, frozen=True):
    """One order as Polar has it in the end."""

    order_id: UUID
    conversation_id: UUID
    total: int
    refunded: int
    status: str


class Story(msgspec.Struct, frozen=True):
    secret: str
    """Polar's webhook secret, of the new scheme."""
    sales: list[Sale]
    events: list[Event]
    """In order; all of them genuine, those of unknown types included."""


async def told(cluster: Cluster, shop: Shop, *, orders: int) -> Story:
    """A visitor opens one checkout and pays it; `orders` more like it are written down and told of."""
    polar = cluster.polar
    sam = await shop.visitor()
    await sam.say("tell me about the lavender candle")
    *_, product = polar.products  # the newest merchant's; others may have been here before
    opened = await sam.post("/checkouts", {"product_id": product.id})
    assert opened.status_code == 201, opened.text
    row = await cluster.db.one("select * from checkouts where id = %s", (opened.json()["id"],))
    assert row is not None
    ids = [(uuid7(), uuid7(), uuid7()) for _ in range(orders)]
    await clone(cluster.db, row, ids)
    await pay(Stage(shop.service, polar, cluster.polar_url, shop.http), opened.json()["url"])
    await cluster.until("select 1 from orders where is_paid and checkout_id = %s", row["id"])
    order = next(each for each in polar.orders if each.checkout_id == str(row["polar_checkout_id"]))
    templates = (render_checkout.checkout(polar, polar.checkouts.get(str(order.checkout_id))),
                 render_sales.order(polar, order))  # fmt: skip
    sales, events = list[Sale](), list[Event]()
    for number, trio in enumerate(ids):
        sale, life = life_of(templates, trio, number, now=polar.now())
        sales.append(sale)
        events += life
    endpoint = next(each for each in polar.endpoints if str(shop.organization_id) in each.url)
    return Story(endpoint.secret, sales, events)


async def clone(db: Database, row: dict[str, Any], ids: list[tuple[UUID, UUID, UUID]]) -> None:
    conversations, checkouts, polar_ids = (list(column) for column in zip(*ids, strict=True))
    await db.run(
        _CLONE,
        {
            "conversations": conversations,
            "checkouts": checkouts,
            "polar_ids": polar_ids,
            "conversation_id": row["conversation_id"],
            "checkout_id": row["id"],
        },
    )


def life_of(
    templates: tuple[dict[str, Any], dict[str, Any]], ids: tuple[UUID, UUID, UUID], number: int, *, now: datetime
) -> tuple[Sale, list[Event]]:
    """Half of the orders are refunded in part, every fourth one wholly in the end."""
    conversation_id, _, polar_id = ids
    checkout, order = (copy.deepcopy(each) for each in templates)
    checkout |= {"id": str(polar_id), "metadata": {}}
    total = order["net_amount"] + number % 700
    order |= {"id": str(uuid7()), "checkout_id": str(polar_id), "metadata": {}}
    order |= {"tax_amount": number % 700, "total_amount": total, "refunded_amount": 0, "refunded_tax_amount": 0}
    back = {"refunded_amount": 1000, "status": "partially_refunded"}
    whole = {"refunded_amount": order["net_amount"], "refunded_tax_amount": order["tax_amount"], "status": "refunded"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("checkout.updated", checkout | {"status": "confirmed"}),
        ("order.created", order | {"status": "pending", "paid": False}),
        ("order.updated", order | {"status": "paid", "paid": True}),
        ("order.paid", order | {"status": "paid", "paid": True}),
        ("checkout.updated", checkout | {"status": "succeeded"}),
        ("moon.risen", {"id": str(uuid7())}),
    ]
    if number % 2 == 0:
        steps.append(("order.refunded", order | {"paid": True} | back))
    if number % 4 == 0:
        steps.append(("order.refunded", order | {"paid": True} | whole))
    began = now - timedelta(minutes=30)
    events = [event(type, data, began + timedelta(seconds=second)) for second, (type, data) in enumerate(steps)]
    last = steps[-1][1] if number % 2 == 0 else order | {"status": "paid"}
    refunded = last["refunded_amount"] + last["refunded_tax_amount"]
    return Sale(UUID(order["id"]), conversation_id, total, refunded, last["status"]), events


def event(type: str, data: dict[str, Any], at: datetime) -> Event:
    return Event(str(uuid7()), msgspec.json.encode({"type": type, "timestamp": at, "data": data}))

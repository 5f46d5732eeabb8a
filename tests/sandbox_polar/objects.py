"""Rows rebuilt from what the recordings show of them: the world that existed before a recorded call."""

from collections.abc import Iterable
from typing import Any

import msgspec

from agentpay.sandbox.polar import checkout_creating, confirming, entities, forms_checkout, fulfilment
from agentpay.sandbox.polar.schema_shapes import accept
from tests.sandbox_polar.world import ACME, World

Json = dict[str, Any]

US_BUYER: Json = {
    "customer_name": "Test Buyer",
    "customer_billing_address": {
        "country": "US",
        "line1": "1 Main St",
        "line2": None,
        "city": "Austin",
        "postal_code": "78701",
        "state": "US-TX",
    },
    "confirmation_token_id": "ctoken_ok_before",
}


class Recorded:
    """Every product, discount and order that the answers mention, by id; what is known of one is put together."""

    def __init__(self, answers: Iterable[Any]) -> None:
        self.products: dict[str, Json] = {}
        self.discounts: dict[str, Json] = {}
        self.orders: dict[str, Json] = {}
        for answer in answers:
            self._read(answer)

    def _read(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._read(item)
        if not isinstance(value, dict):
            return
        if "is_recurring" in value:
            self._merge(self.products, value)
        if "duration" in value and "type" in value:
            self._merge(self.discounts, value)
        if "billing_reason" in value:
            self.orders.setdefault(value["id"], value)
        for item in value.values():
            self._read(item)

    @staticmethod
    def _merge(into: dict[str, Json], value: Json) -> None:
        known = into.setdefault(value["id"], {})
        for key, item in value.items():
            known.setdefault(key, item)


def adopt_products(world: World, recorded: Recorded) -> None:
    """All products of a session, as they first appear."""
    for known in recorded.products.values():
        prices = [
            msgspec.convert(
                {**{key: value for key, value in price.items() if key not in ("type", "price_per_seat")}},
                entities.Price,
            )
            for price in known.get("prices", [])
        ]
        fields = {
            name: value
            for name, value in known.items()
            if name in entities.Product.__struct_fields__ and name not in ("prices", "modified_at")
        }
        product = msgspec.convert({**fields, "is_archived": False}, entities.Product)
        product.prices = prices
        world.state.products.put(product)


def adopt_discount(world: World, recorded: Recorded, id: str, **changes: Any) -> entities.Discount:
    """A discount as it was made: bound to its products, unused. `changes` override what the answers show of it."""
    known = recorded.discounts.get(id, {})
    fields = {name: value for name, value in known.items() if name in entities.Discount.__struct_fields__}
    defaults: Json = {
        "id": id,
        "created_at": world.now,
        "organization_id": ACME,
        "name": "Your offer",
        "type": "fixed",
        "duration": "once",
        "max_redemptions": 1,
        "product_ids": [product["id"] for product in known.get("products", [])],
    }
    if "amounts" not in {**fields, **changes} and "basis_points" not in {**fields, **changes}:
        defaults["amounts"] = {"usd": 1000}
    made = msgspec.convert({**defaults, **fields, "modified_at": None, **changes}, entities.Discount)
    return world.state.discounts.put(made)


def open_checkout(world: World, *, id: str | None = None, secret: str | None = None, **body: Any) -> entities.Checkout:
    """An open checkout under the recorded id or secret, made by the stand-in's own rules."""
    form = accept(forms_checkout.checkout_create, {"allow_discount_codes": False, **body}, ("body",))
    made = checkout_creating.create(world.state, world.acme, form)
    made = msgspec.structs.replace(made, id=id or made.id, client_secret=secret or made.client_secret)
    return world.state.checkouts.put(made)


def body_shown_by(answer: Json) -> Json:
    """What must have been asked for, going by the checkout that an answer shows."""
    body = {
        "products": [product["id"] for product in answer["products"]],
        "currency": answer["currency"],
        "allow_discount_codes": answer["allow_discount_codes"],
    }
    for name in ("discount_id", "seats", "min_seats", "max_seats", "metadata"):
        if answer.get(name) is not None:
            body[name] = answer[name]
    return body


async def pay(world: World, checkout: entities.Checkout, email: str, **buyer: Any) -> None:
    """Confirm it and let the payment arrive."""
    form = accept(forms_checkout.checkout_confirm, {**US_BUYER, "customer_email": email, **buyer}, ("body",))
    await confirming.confirm(world.state, checkout, form)
    for job in list(world.state.jobs):
        if job.kind == "payment_succeeded" and job.arguments["checkout_id"] == checkout.id:
            world.state.jobs.drop(job.id)
    fulfilment.payment_succeeded(world.state, checkout.id)


def rename_order(world: World, order: entities.Order, id: str) -> None:
    """Give an order its recorded id, in what is still to be done with it too."""
    world.state.orders.drop(order.id)
    world.state.orders.put(msgspec.structs.replace(order, id=id))
    for job in world.state.jobs:
        if job.arguments.get("order_id") == order.id:
            job.arguments["order_id"] = id


def adopt_order(world: World, known: Json) -> entities.Order:
    """An order with its buyer, straight from an answer."""
    known = msgspec.json.decode(world.ids.translate(msgspec.json.encode(known).decode()))
    buyer = known["customer"]
    if world.state.customers.find(buyer["id"]) is None:
        fields = {name: value for name, value in buyer.items() if name in entities.Customer.__struct_fields__}
        number = known["invoice_number"].split("-")[-2]
        world.state.customers.put(msgspec.convert({**fields, "number": number}, entities.Customer))
    fields = {name: value for name, value in known.items() if name in entities.Order.__struct_fields__}
    order = msgspec.convert({**fields, "organization_id": ACME}, entities.Order)
    return world.state.orders.put(order)

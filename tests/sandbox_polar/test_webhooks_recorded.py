"""The recorded webhooks: what they held, and in which order they came."""

import json
from datetime import timedelta
from typing import Any

import pytest

from agentpay.sandbox.polar import constants, subscription_life
from agentpay.sandbox.polar.entities import Checkout
from tests.sandbox_polar import objects
from tests.sandbox_polar.compare import differences, shape_differences
from tests.sandbox_polar.recordings import Delivered, deliveries
from tests.sandbox_polar.sessions import session
from tests.sandbox_polar.world import ACME_TOKEN, World

RECORDED = deliveries()
FRANCE = {"customer_billing_address": {"country": "FR"}}
GERMANY = {"customer_billing_address": {"country": "DE"}}
HEADERS = {"authorization": f"Bearer {ACME_TOKEN}"}


def flow(letter: str) -> list[Delivered]:
    """One recorded flow in the order of arrival; its endpoint had asked for some event types only."""
    return [each for each in RECORDED if each.name.startswith(f"webhook-{letter}-")]


def first(letter: str, type: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each.body["data"] for each in flow(letter) if each.body["type"] == type)
    return found


def discounts_of(letter: str) -> objects.Recorded:
    """What the flow's orders show of its discount."""
    return objects.Recorded([each.body["data"] for each in flow(letter) if each.body["type"] == "order.paid"])


class Scene:
    """A world with one endpoint that hears everything."""

    def __init__(self) -> None:
        rows = session(18)
        self.world = World(rows[0].at)
        objects.adopt_products(self.world, objects.Recorded(each.answer for each in rows))

    async def listen(self) -> None:
        body = {"url": "https://hooks.example.net/h", "format": "raw", "events": list(constants.EVENT_TYPES)}
        response = await self.call("POST", "/v1/webhooks/endpoints", body)
        assert response["enabled"] is True

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.world.http.request(method, path, json=body, headers=HEADERS)
        assert response.status_code < 300, response.text
        await self.world.pass_time(self.world.now + timedelta(seconds=1))
        return response.json() if response.content else None

    async def offer(self, letter: str) -> Checkout:
        """Make the flow's discount and checkout again, as the merchant's service did."""
        shown = first(letter, "checkout.created")
        discount = None
        if any(each.body["type"] == "discount.created" for each in flow(letter)):
            known = first(letter, "discount.created")
            fields = ("type", "name", "duration", "amounts", "max_redemptions", "ends_at", "metadata")
            sold = [product["id"] for product in known["products"]]
            discount = await self.call(
                "POST", "/v1/discounts/", {**{name: known[name] for name in fields}, "products": sold}
            )
        body = {**objects.body_shown_by(shown), "discount_id": discount["id"] if discount is not None else None}
        made = await self.call("POST", "/v1/checkouts/", body)
        return self.world.state.checkouts.get(made["id"])

    async def buy(self, checkout: Checkout, email: str, **buyer: Any) -> None:
        form = {**objects.US_BUYER, "customer_email": email, **buyer}
        await self.call("POST", f"/v1/checkouts/client/{checkout.client_secret}/confirm", form)
        await self.world.pass_time(self.world.now + timedelta(seconds=10))

    def heard(self, *types: str) -> list[dict[str, Any]]:
        """What has arrived since the last time, of these types."""
        bodies = [json.loads(request.content) for request in self.world.webhooks]
        self.world.webhooks.clear()
        return [body for body in bodies if body["type"] in types]


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    await made.listen()
    return made


def assert_alike(letter: str, scene: Scene, heard: list[dict[str, Any]]) -> None:
    recorded = flow(letter)
    assert [body["type"] for body in heard] == [each.body["type"] for each in recorded]
    found = [
        f"{each.name} {line}"
        for each, body in zip(recorded, heard, strict=True)
        for line in differences(each.body["data"], body["data"], scene.world.ids)
    ]
    assert found == []


async def test_an_offer_is_told_from_discount_to_fee(scene: Scene) -> None:
    checkout = await scene.offer("A")
    await scene.buy(checkout, first("A", "order.paid")["customer"]["email"], **FRANCE)
    heard = scene.heard("discount.created", "checkout.created", "order.created", "order.updated", "order.paid")
    assert_alike("A", scene, heard)

    order = next(iter(scene.world.state.orders))
    for letter, amount in (("B", 3000), ("C", 4083)):
        await scene.call("POST", "/v1/refunds/", {"order_id": order.id, "reason": "customer_request", "amount": amount})
        await scene.world.pass_time(scene.world.now + timedelta(seconds=5))
        told = scene.heard("refund.created", "order.updated", "order.refunded", "refund.updated")
        assert_alike(letter, scene, told)


async def test_a_subscription_and_its_renewal_are_told_apart(scene: Scene) -> None:
    objects.adopt_discount(scene.world, discounts_of("D"), first("D", "checkout.created")["discount_id"])
    shown = first("D", "checkout.created")
    made = await scene.call("POST", "/v1/checkouts/", objects.body_shown_by(shown))
    checkout = scene.world.state.checkouts.get(made["id"])
    await scene.buy(checkout, first("D", "order.paid")["customer"]["email"], **GERMANY)
    types = ("checkout.created", "order.created", "order.updated", "order.paid")
    assert_alike("D", scene, scene.heard(*types))

    subscription = next(iter(scene.world.state.subscriptions))
    subscription_life.renew(scene.world.state, subscription.id)
    await scene.world.pass_time(scene.world.now + timedelta(seconds=10))
    assert_alike("E", scene, scene.heard("subscription.cycled", *types[1:]))


async def test_a_declined_offer_that_is_ended_is_told(scene: Scene) -> None:
    await scene.offer("G")
    discount = next(iter(scene.world.state.discounts))
    ended = first("G", "discount.updated")["ends_at"]
    await scene.call("PATCH", f"/v1/discounts/{discount.id}", {"ends_at": ended})
    assert_alike("G", scene, scene.heard("discount.created", "checkout.created", "discount.updated"))


async def test_a_sale_for_nothing_has_neither_receipt_nor_fee(scene: Scene) -> None:
    shown = first("H", "checkout.created")
    objects.adopt_discount(scene.world, discounts_of("H"), shown["discount_id"])
    made = await scene.call("POST", "/v1/checkouts/", objects.body_shown_by(shown))
    checkout = scene.world.state.checkouts.get(made["id"])
    await scene.buy(checkout, first("H", "order.paid")["customer"]["email"])
    assert_alike("H", scene, scene.heard("checkout.created", "order.created", "order.updated", "order.paid"))


async def _everything(scene: Scene) -> list[dict[str, Any]]:
    """One world in which every recorded event type happens."""
    product = await scene.call(
        "POST", "/v1/products/", {"name": "Candle", "prices": [{"amount_type": "fixed", "price_amount": 2500}]}
    )
    await scene.call("PATCH", f"/v1/products/{product['id']}", {"name": "Candle, big"})
    half = {
        "type": "percentage",
        "name": "Half",
        "basis_points": 5000,
        "duration": "repeating",
        "duration_in_months": 3,
    }
    discount = await scene.call("POST", "/v1/discounts/", half)
    fixed = {"type": "fixed", "name": "Ten", "amounts": {"usd": 1000}, "duration": "once"}
    for body in ({**half, "duration": "once", "duration_in_months": None}, fixed):
        other = await scene.call("POST", "/v1/discounts/", body)
        await scene.call("PATCH", f"/v1/discounts/{other['id']}", {"name": "Another"})
        await scene.call("POST", "/v1/checkouts/", {"products": [product["id"]], "discount_id": other["id"]})
        await scene.call("DELETE", f"/v1/discounts/{other['id']}")
    await scene.call("PATCH", f"/v1/discounts/{discount['id']}", {"name": "A half"})
    plans = [row.id for row in scene.world.state.products if row.is_recurring]
    for position, product_id in enumerate([product["id"], *plans[:2]]):
        body = {"products": [product_id], "discount_id": discount["id"], "metadata": {"a": "b"}}
        made = await scene.call("POST", "/v1/checkouts/", body)
        await scene.call("PATCH", f"/v1/checkouts/{made['id']}", {"customer_name": "Sam"})
        checkout = scene.world.state.checkouts.get(made["id"])
        await scene.buy(checkout, f"sam{position}@buyer-mail.com", **FRANCE)
    order = next(iter(scene.world.state.orders))
    for amount in (100, order.net_amount - 100):
        body = {"order_id": order.id, "reason": "other", "amount": amount}
        await scene.call("POST", "/v1/refunds/", body)
    customer = next(iter(scene.world.state.customers))
    await scene.call("PATCH", f"/v1/customers/{customer.id}", {"name": "Sam S."})
    await scene.call("POST", "/v1/checkouts/", {"products": [product["id"]]})
    await scene.call("DELETE", f"/v1/discounts/{discount['id']}")
    subscription = next(iter(scene.world.state.subscriptions))
    subscription_life.renew(scene.world.state, subscription.id)
    await scene.world.pass_time(scene.world.now + timedelta(hours=25))
    await scene.world.pass_time(scene.world.now + timedelta(seconds=1))
    return scene.heard(*constants.EVENT_TYPES)


async def test_every_recorded_payload_has_its_fields_here(scene: Scene) -> None:
    heard = await _everything(scene)
    missing, found = [], []
    for recorded in RECORDED:
        kind, status = recorded.body["type"], recorded.body["data"].get("status")
        alike = [body for body in heard if body["type"] == kind and body["data"].get("status") == status]
        if not alike:
            missing.append(f"{kind} {status}")
            continue
        best = min((list(shape_differences(recorded.body["data"], body["data"])) for body in alike), key=len)
        found += [f"{recorded.name} {line}" for line in best]
    assert (missing, found) == ([], [])


async def test_the_envelope_and_its_headers_are_polars(scene: Scene) -> None:
    await scene.call("POST", "/v1/checkouts/", {"products": [next(iter(scene.world.state.products)).id]})
    (request,) = scene.world.webhooks
    body = json.loads(request.content)
    assert list(body) == ["type", "timestamp", "api_version", "data"]
    recorded = RECORDED[0]
    assert list(recorded.body) == ["type", "timestamp", "data"]
    for name in recorded.headers:
        assert name in request.headers
    assert request.headers["user-agent"] == recorded.headers["user-agent"] == "polar.sh webhooks"
    assert request.headers["webhook-api-version"] == body["api_version"]
    # Compact JSON, as recorded.
    assert request.content == json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()

"""Independent readers: Polar's own SDK takes what the stand-in answers, standardwebhooks what it signs."""

from typing import Any

import httpx
import pytest
from polar.v2026_10 import PolarAsync, outputs
from standardwebhooks import Webhook, WebhookVerificationError

from agentpay.sandbox.polar import buyer, entities, seeding, settings
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState
from tests.sandbox_polar.shop import Shop


def every_kind_of_product(state: PolarState, acme: entities.Organization) -> list[entities.Product]:
    now = state.now()
    field = state.custom_fields.put(seeding.custom_field(acme, "engraving", now=now, properties={"max_length": 20}))
    meter = {"amount_type": "metered_unit", "unit_amount": "0.5", "meter_id": state.new_id()}
    return [
        state.add_product(
            acme,
            "Beeswax candle",
            prices=[seeding.fixed(9500), seeding.fixed(8900, "eur")],
            pictures=["Beeswax candle"],
            benefits=[seeding.benefit(acme, "Care guide", now=now)],
            attached_fields=[entities.AttachedField(custom_field_id=field.id, required=False)],
            metadata={"sku": "C-1", "weight": 1.5, "handmade": True, "stock": 7},
        ),
        state.add_product(acme, "Tip jar", prices=[seeding.custom(minimum=300, preset=500)]),
        state.add_product(acme, "Wick sample", prices=[seeding.fixed(0)]),
        state.add_product(acme, "Seats", prices=[seeding.seat_based((1, None, 1000))], recurring_interval="month"),
        state.add_product(acme, "Units", prices=[seeding.unit_based((None, "12.5"))], recurring_interval="month"),
        state.add_product(acme, "Metered", prices=[seeding.fixed(500), meter], recurring_interval="year"),
        state.add_product(
            acme,
            "Candle club",
            prices=[seeding.fixed(2900)],
            recurring_interval="month",
            trial_interval="day",
            trial_interval_count=14,
        ),
    ]


async def test_polars_sdk_reads_everything_that_a_sale_leaves_behind() -> None:
    state = PolarState(config=settings.for_tests())
    acme = state.add_organization()
    products = every_kind_of_product(state, acme)
    token = state.add_token(acme)
    async with serve(state) as url, httpx.AsyncClient(verify=False) as http:
        polar = PolarAsync(token, base_url=url)
        listed = [product async for product in polar.products.iter_list(is_archived=False, limit=3)]
        assert {product.id for product in listed} == {product.id for product in products}
        discount = await polar.discounts.create(
            type="fixed", name="Your offer", duration="once", amounts={"usd": 1000}, products=[products[0].id]
        )
        for product, more in ((0, {"discount_id": discount.id}), (3, {"seats": 2}), (6, {})):
            body: dict[str, Any] = {"products": [products[product].id], **more}
            checkout = await polar.checkouts.create(**body)
            paid = await buyer.confirm(http, checkout.url, email=f"sam{product}@buyer-mail.com", country="FR")
            assert paid.status_code == 200
        await state.settle()
        orders = [order async for order in polar.orders.iter_list()]
        assert [order.billing_reason for order in orders] == ["subscription_create", "subscription_create", "purchase"]
        read: list[Any] = [
            *[each async for each in polar.checkouts.iter_list()],
            *[each async for each in polar.discounts.iter_list()],
        ]
        assert isinstance(read[0], outputs.Checkout)
        assert orders[2].discount is not None


@pytest.mark.parametrize("old", [False, True])
async def test_both_schemes_of_signature_satisfy_their_verifiers(shop: Shop, old: bool) -> None:
    shop.state.settings.old_secrets = old
    got: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(202)

    shop.now = PolarState().now()  # the verifiers read the wall clock and allow five minutes
    endpoint = await shop.listen(receive)
    await shop.buy(await shop.checkout(discount_id=(await shop.offer())["id"]))
    await shop.call("PATCH", f"/v1/products/{shop.candle.id}", {"name": "Beeswax candle, big"})
    await shop.settle()

    assert endpoint["uses_standard_webhook_signature"] is not old
    verifier = Webhook(endpoint["secret"].encode()) if old else Webhook(endpoint["secret"])
    assert len(got) >= 12
    for request in got:
        headers = dict(request.headers)
        assert verifier.verify(request.content, headers)
        forged = request.content.replace(b"9500", b"9501")
        if forged != request.content:
            with pytest.raises(WebhookVerificationError):
                verifier.verify(forged, headers)

"""Products, discounts and organizations as a merchant edits them (contract §§ 2, 4)."""

from typing import Any

import pytest

from agentpay.sandbox.polar import entities, seeding
from tests.sandbox_polar.shop import Shop, first_error

FIXED = {"amount_type": "fixed", "price_amount": 1900}


async def test_a_changed_price_is_another_price_and_the_product_keeps_its_time(shop: Shop) -> None:
    path = f"/v1/products/{shop.candle.id}"
    old = shop.candle.prices[0].id
    changed = await shop.call("PATCH", path, {"prices": [FIXED]})
    (price,) = changed["prices"]
    assert price["id"] != old
    assert (price["price_amount"], changed["modified_at"]) == (1900, None)
    kept = await shop.call("PATCH", path, {"prices": [{"id": price["id"]}, {**FIXED, "price_currency": "eur"}]})
    assert [each["price_currency"] for each in kept["prices"]] == ["usd", "eur"]
    assert kept["prices"][0]["id"] == price["id"]
    stranger = await shop.call("PATCH", path, {"prices": [{"id": old}]}, status=422)
    assert first_error(stranger)[1] == "Price does not exist."


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ([FIXED, FIXED], "Only one fixed price is allowed."),
        (
            [FIXED, {**FIXED, "price_currency": "eur", "amount_type": "custom"}],
            "All price currencies must define the same set of price types.",
        ),
        (
            [{**FIXED, "price_currency": "eur"}],
            "The organization's default presentment currency must be present in the prices.",
        ),
        (
            [{"amount_type": "metered_unit", "unit_amount": "1", "meter_id": "7b2a6b3e-53a5-4a43-9b0e-8b3a3f4b7f10"}],
            "Metered pricing is not supported on one-time products.",
        ),
        (
            [{"amount_type": "unit_based", "tiers": {"type": "volume", "tiers": [{"unit_amount": "1"}]}}],
            "Unit-based pricing is not enabled for this organization.",
        ),
        ([FIXED, {"amount_type": "custom"}], "Custom pricing cannot be combined with other prices."),
    ],
)
async def test_prices_that_do_not_go_together(shop: Shop, prices: list[Any], message: str) -> None:
    for body in ({"name": "Candle", "prices": prices}, None):
        if body is not None:
            answer = await shop.call("POST", "/v1/products/", body, status=422)
        else:
            order = {"products": [shop.candle.id], "prices": {shop.candle.id: prices}}
            answer = await shop.call("POST", "/v1/checkouts/", order, status=422)
        assert message in [each["msg"] for each in answer["detail"]]


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ({"amount_type": "fixed", "price_amount": 79, "price_currency": "jpy"}, "Amount must be at least ¥80"),
        ({"amount_type": "fixed", "price_amount": 319, "price_currency": "dkk"}, "Amount must be at least DKK 3.20"),
        ({"amount_type": "fixed", "price_amount": 100_000_000}, "Amount must be at most $999,999.99"),
        ({"amount_type": "gift"}, "Input tag 'gift' found using 'amount_type' does not match any of the expected tags"),
        ({"amount_type": "seat_based", "seat_tiers": {"tiers": []}}, "List should have at least 1 item"),
    ],
)
async def test_prices_that_cannot_be(shop: Shop, price: Any, message: str) -> None:
    answer = await shop.call("POST", "/v1/products/", {"name": "Candle", "prices": [price]}, status=422)
    assert first_error(answer)[1].startswith(message)


async def test_a_product_is_made_with_pictures_fields_and_benefits(shop: Shop) -> None:
    media = shop.state.medias.put(seeding.media(shop.acme, "A candle", now=shop.now))
    field = shop.state.custom_fields.put(
        seeding.custom_field(shop.acme, "engraving", now=shop.now, properties={"max_length": 5})
    )
    benefit = shop.state.benefits.put(
        seeding.benefit(shop.acme, "Care guide", now=shop.now, properties={"note": "secret words"})
    )
    body = {
        "name": "Engraved candle",
        "recurring_interval": "month",
        "prices": [FIXED],
        "medias": [media.id],
        "attached_custom_fields": [{"custom_field_id": field.id, "required": True}],
    }
    made = await shop.call("POST", "/v1/products/", body)
    assert (made["is_recurring"], made["recurring_interval_count"]) == (True, 1)
    path = f"/v1/products/{made['id']}/benefits"
    shown = await shop.call("POST", path, {"benefits": [benefit.id]})
    assert shown["benefits"][0]["properties"] == {"note": "secret words"}
    picture = await shop.http.get(shown["medias"][0]["public_url"])
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "A candle" in picture.text

    checkout = await shop.call("POST", "/v1/checkouts/", {"products": [made["id"]]})
    assert "secret words" not in str(checkout)
    long = {"products": [made["id"]], "custom_field_data": {"engraving": "far too long"}}
    answer = await shop.call("POST", "/v1/checkouts/", long, status=422)
    assert first_error(answer)[0] == ["body", "custom_field_data", "engraving"]
    missing = await shop.pay(checkout, status=422)
    assert first_error(missing) == (["body", "custom_field_data", "engraving"], "Field required")
    await shop.pay(checkout, custom_field_data={"engraving": "Wick", "other": 1})
    await shop.settle()
    order = await shop.order_of(checkout)
    assert order["custom_field_data"] == {"engraving": "Wick"}
    path = f"/v1/customers/{order['customer_id']}/state"
    assert [each["benefit_id"] for each in (await shop.call("GET", path))["granted_benefits"]] == [benefit.id]
    await shop.call("DELETE", f"/v1/subscriptions/{order['subscription_id']}")
    assert (await shop.call("GET", path))["granted_benefits"] == []


async def test_a_product_is_deleted_only_while_nobody_needs_it(shop: Shop) -> None:
    """Newer than the recorded server, which answered 405."""
    path = f"/v1/products/{shop.candle.id}"
    assert (await shop.call("GET", path))["is_deletable"] is True
    await shop.checkout()
    assert (await shop.call("DELETE", path, status=409))["error"] == "ProductNotDeletable"
    free = shop.state.add_product(shop.acme, "Unused")
    await shop.call("DELETE", f"/v1/products/{free.id}", status=204)
    await shop.call("GET", f"/v1/products/{free.id}", status=404)


async def test_an_organization_is_read_and_its_settings_change(shop: Shop) -> None:
    (listed,) = (await shop.call("GET", "/v1/organizations/"))["items"]
    assert (listed["default_presentment_currency"], listed["capabilities"]["checkout_payments"]) == ("usd", True)
    path = f"/v1/organizations/{shop.acme.id}"
    changed = await shop.call("PATCH", path, {"embed_hosts": ["shop.acme.io"], "default_presentment_currency": "eur"})
    assert (changed["embed_hosts"], changed["default_presentment_currency"]) == (["shop.acme.io"], "eur")
    assert await shop.call("GET", path) == changed


async def test_a_merchant_that_may_not_be_paid_sells_for_nothing_only(shop: Shop) -> None:
    shop.acme.capabilities["checkout_payments"] = False
    assert (await shop.pay(await shop.checkout(), status=403))["error"] == "PaymentNotReady"
    free = shop.state.add_product(shop.acme, "Sample", prices=[seeding.fixed(0)])
    assert (await shop.buy(await shop.checkout(free)))["total_amount"] == 0


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        ({"amounts": {}}, ["body", "fixed", "amounts"]),
        ({"amounts": {"xxx": 1}}, ["body", "fixed", "amounts", "xxx", "[key]"]),
        ({"amount": 5}, ["body", "fixed"]),
        ({"duration": "repeating"}, ["body", "fixed"]),
        ({"duration_in_months": 3}, ["body", "fixed"]),
        ({"name": ""}, ["body", "fixed", "name"]),
        ({"max_redemptions": 0}, ["body", "fixed", "max_redemptions"]),
        ({"code": "ab"}, ["body", "fixed", "code"]),
        ({"ends_at": "soon"}, ["body", "fixed", "ends_at"]),
        ({"starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}, ["body", "fixed"]),
        ({"products": ["7b2a6b3e-53a5-4a43-9b0e-8b3a3f4b7f10"]}, ["body", "products", 0]),
    ],
)
async def test_discounts_that_cannot_be(shop: Shop, terms: dict[str, Any], place: list[Any]) -> None:
    body = {"type": "fixed", "name": "Offer", "duration": "once", "amounts": {"usd": 100}, **terms}
    answer = await shop.call("POST", "/v1/discounts/", body, status=422)
    assert first_error(answer)[0] == place


async def test_a_discount_has_a_start_a_customer_limit_and_a_fixed_kind(shop: Shop) -> None:
    later = await shop.offer(starts_at="2026-11-24T00:00:00Z")
    body = {"products": [shop.candle.id], "discount_id": later["id"]}
    assert first_error(await shop.call("POST", "/v1/checkouts/", body, status=422))[1] == "Discount does not exist."
    for change, message in (
        ({"type": "percentage"}, "Type cannot be changed."),
        ({"duration": "forever"}, "Duration cannot be changed."),
    ):
        answer = await shop.call("PATCH", f"/v1/discounts/{later['id']}", change, status=422)
        assert first_error(answer)[1] == message
    loyal = await shop.offer(max_redemptions=None, max_redemptions_per_customer=1)
    await shop.buy(await shop.checkout(discount_id=loyal["id"]), email="sam@buyer-mail.com")
    again = await shop.pay(await shop.checkout(discount_id=loyal["id"]), status=403, email="Sam+2@buyer-mail.com")
    assert again["error"] == "DiscountRedemptionLimitReached"


def test_two_prices_of_one_product_are_apart_in_time(shop: Shop) -> None:
    product = shop.state.add_product(shop.acme, "Two", prices=[seeding.fixed(1), seeding.fixed(2, "eur")])
    first, second = product.prices
    assert first.created_at < second.created_at
    assert isinstance(first, entities.Price)

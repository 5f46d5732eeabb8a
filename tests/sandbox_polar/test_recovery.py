"""Finding again what was made, limits, and what a sync costs (OFFERS 33–35, 39, 40)."""

import asyncio
from datetime import timedelta

import pytest

from agentpay.sandbox.polar import seeding
from tests.sandbox_polar.shop import Shop, first_error, open_shop


async def test_33_a_discount_is_found_by_the_token_in_its_name(shop: Shop) -> None:
    wanted = await shop.offer(name="Your offer 2CAFBA0F4C18", metadata={"agentpay_offer_id": "2CAFBA0F4C18"})
    for number in range(3):
        await shop.offer(name=f"Your offer 10{number}x", code=f"CODE10{number}")
    for query in ("2cafba0f4c18", "2CAF%4C18", "2CAFBA_F4C18"):
        found = await shop.call("GET", f"/v1/discounts/?query={query.replace('%', '%25')}")
        assert [each["id"] for each in found["items"]] == [wanted["id"]]
    ignored = await shop.call("GET", "/v1/discounts/?metadata[agentpay_offer_id]=2CAFBA0F4C18")
    assert ignored["pagination"]["total_count"] == 4
    assert (await shop.call("GET", "/v1/discounts/?query=code101"))["pagination"]["total_count"] == 1


async def test_34_a_checkout_list_ignores_the_filters_that_it_does_not_have(shop: Shop) -> None:
    other = shop.state.add_product(shop.acme, "Other")
    await shop.checkout(other, metadata={"agentpay_checkout_id": "c-0"})
    made = await shop.checkout(metadata={"agentpay_checkout_id": "c-1"}, customer_email="sam@buyer-mail.com")
    shop.pass_time(seconds=1)
    await shop.checkout(external_customer_id="visitor-1")
    path = f"/v1/checkouts/?product_id={shop.candle.id}&status=open&sorting=-created_at&limit=100"
    found = (await shop.call("GET", path))["items"]
    assert [each["metadata"] for each in found] == [{}, {"agentpay_checkout_id": "c-1"}]
    for ignored in ("metadata[agentpay_checkout_id]=c-1", "created_after=2030-01-01T00:00:00Z"):
        assert (await shop.call("GET", f"/v1/checkouts/?{ignored}"))["pagination"]["total_count"] == 3
    assert (await shop.call("GET", "/v1/checkouts/?external_customer_id=visitor-1"))["items"] == []
    (by_mail,) = (await shop.call("GET", "/v1/checkouts/?query=SAM@"))["items"]
    assert by_mail["id"] == made["id"]


async def test_35_a_code_is_unique_whatever_its_case(shop: Shop) -> None:
    async def make() -> int:
        body = {"type": "percentage", "name": "x", "duration": "once", "basis_points": 100, "code": "Candle1"}
        return (await shop.http.post("/v1/discounts/", json=body)).status_code

    assert sorted(await asyncio.gather(*(make() for _ in range(8)))) == [201, *[422] * 7]
    deleted = (await shop.call("GET", "/v1/discounts/"))["items"][0]
    await shop.call("DELETE", f"/v1/discounts/{deleted['id']}", status=204)
    assert await make() == 201


async def test_39_exactly_a_hundred_calls_a_minute_for_all_tokens_of_one_merchant() -> None:
    async with open_shop(rate_per_minute=100) as shop:
        second = shop.state.add_token(shop.acme)
        rival = shop.state.add_token(shop.state.add_organization("Rival Shop"))
        async with shop.client(second) as other, shop.client(rival) as stranger:
            answers = [(await http.get("/v1/products/?limit=1")).status_code for http in (shop.http, other) * 50]
            assert answers == [200] * 100
            shop.pass_time(seconds=55)
            refused = await other.post("/v1/checkouts/", json={"products": [shop.candle.id]})
            assert (refused.status_code, refused.content) == (429, b"")
            assert refused.headers["retry-after"] == "60"
            assert "content-type" not in refused.headers
            assert "x-polar-sandbox" not in refused.headers
            assert (await stranger.get("/v1/products/?limit=1")).status_code == 200
            shop.pass_time(seconds=5)
            assert (await shop.http.get("/v1/products/?limit=1")).status_code == 200


async def test_confirm_has_its_own_limit_and_blocks_for_half_an_hour() -> None:
    async with open_shop(confirm_limits=True) as shop:
        checkout = await shop.checkout()
        for _ in range(6):
            await shop.pay(checkout, card="decline", status=400)
        async with shop.client() as http:
            path = f"/v1/checkouts/client/{checkout['client_secret']}/confirm"
            refused = await http.post(path, json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1800")
            shop.pass_time(minutes=5)
            assert (await http.post(path, json={})).status_code == 429
            shop.pass_time(minutes=26)
            assert (await http.post(path, json={})).status_code == 422


async def test_40_five_hundred_products_are_read_in_six_calls(shop: Shop) -> None:
    for number in range(506):
        shop.state.add_product(shop.acme, f"Candle {number}")
    shop.state.calls.clear()
    seen: list[str] = []
    for page in range(1, 7):
        answer = await shop.call("GET", f"/v1/products/?limit=100&page={page}&sorting=created_at&is_archived=false")
        seen += [each["id"] for each in answer["items"]]
    assert (len(shop.state.calls), len(set(seen)), answer["pagination"]) == (
        6,
        507,
        {"total_count": 507, "max_page": 6},
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Zed", "Mint", "Honey", "Beeswax candle"]),
        ("sorting=name", ["Beeswax candle", "Honey", "Mint", "Zed"]),
        ("sorting=price_amount", ["Zed", "Mint", "Honey", "Beeswax candle"]),
        ("visibility=public&is_archived=false", ["Mint", "Beeswax candle"]),
        ("visibility=draft", ["Zed"]),
        ("is_recurring=true", ["Honey"]),
        ("metadata[kind]=candle&metadata[stock]=3", ["Mint"]),
        ("metadata[stock]=3&metadata[stock]=true", ["Mint", "Honey"]),
        ("query=ONE%25", ["Honey"]),
    ],
)
async def test_products_are_filtered_and_sorted_as_polar_does(shop: Shop, query: str, names: list[str]) -> None:
    for name, price, fields in (
        ("Honey", 300, {"recurring_interval": "month", "is_archived": True, "metadata": {"stock": True}}),
        ("Mint", 200, {"metadata": {"kind": "candle", "stock": 3}}),
        ("Zed", 100, {"visibility": "draft"}),
    ):
        shop.now += timedelta(seconds=1)
        shop.state.add_product(shop.acme, name, prices=[seeding.fixed(price)], **fields)
    found = await shop.call("GET", f"/v1/products/?{query}")
    assert [each["name"] for each in found["items"]] == names


async def test_orders_are_filtered_by_time_and_by_what_they_came_from(shop: Shop) -> None:
    first = await shop.buy(await shop.checkout(metadata={"a": 1}))
    shop.pass_time(minutes=1)
    offer = await shop.offer()
    second = await shop.buy(
        await shop.checkout(discount_id=offer["id"], metadata={"a": 2}), email="rita@buyer-mail.com"
    )
    for query, wanted in (
        (f"created_after={first['created_at']}", [second]),
        (f"created_before={second['created_at']}", [first]),
        (f"discount_id={offer['id']}", [second]),
        ("metadata[a]=1", [first]),
        ("sorting=created_at", [first, second]),
        (f"checkout_id={first['checkout_id']}&checkout_id={second['checkout_id']}", [second, first]),
        ("product_billing_type=recurring", []),
        ("status=refunded", []),
    ):
        found = (await shop.call("GET", f"/v1/orders/?{query}"))["items"]
        assert [each["id"] for each in found] == [each["id"] for each in wanted], query
    answer = await shop.call("GET", "/v1/orders/?status=lost", status=422)
    assert first_error(answer)[0] == ["query", "status", "str-enum[OrderStatus]"]

"""What an offer can and cannot hold at Polar, finding by finding (numbers of OFFERS § 1)."""

import asyncio

import pytest

from agentpay.sandbox.polar import buyer, entities, money, seeding
from tests.sandbox_polar.shop import Json, Shop, first_error, open_shop

GONE = (["body", "discount_id"], "Discount does not exist.")
OVER = (["body", "discount_id"], "Discount is no longer redeemable.")


async def test_1_2_a_fixed_discount_gives_the_exact_price_and_the_order_says_whose_it_was(shop: Shop) -> None:
    offer = await shop.offer(metadata={"agentpay_offer_id": "o-1"})
    checkout = await shop.checkout(discount_id=offer["id"], metadata={"agentpay_checkout_id": "c-1"})
    assert (checkout["amount"], checkout["discount_amount"], checkout["total_amount"]) == (9500, 1000, 8500)
    order = await shop.buy(checkout)
    assert (order["discount_id"], order["checkout_id"]) == (offer["id"], checkout["id"])
    assert order["metadata"] == {"agentpay_checkout_id": "c-1"}
    assert order["discount"]["metadata"] == {"agentpay_offer_id": "o-1"}
    assert order["discount"]["redemptions_count"] == 1


async def test_3_a_second_checkout_of_a_redeemed_discount_is_a_dead_end_for_the_buyer(shop: Shop) -> None:
    offer = await shop.offer()
    first, second = await shop.checkout(discount_id=offer["id"]), await shop.checkout(discount_id=offer["id"])
    await shop.buy(first)
    assert first_error(await shop.pay(second, status=422, email="rita@buyer-mail.com")) == OVER
    kept = await shop.buyer_changes(second, discount_code=None)
    assert (kept["discount_id"], kept["total_amount"]) == (offer["id"], 8500)
    freed = await shop.call("PATCH", f"/v1/checkouts/{second['id']}", {"discount_id": None})
    assert freed["total_amount"] == 9500
    body = {"products": [shop.candle.id], "discount_id": offer["id"]}
    assert first_error(await shop.call("POST", "/v1/checkouts/", body, status=422)) == GONE


async def test_4_one_redemption_stays_one_in_a_race() -> None:
    async with open_shop(delay_scale=1.0, confirm_seconds=0.01) as shop:
        offer = await shop.offer()
        checkouts = [await shop.checkout(discount_id=offer["id"]) for _ in range(8)]
        answers = await asyncio.gather(*(_status(shop, each, position) for position, each in enumerate(checkouts)))
        assert sorted(answers) == [200, *[422] * 7]
        count = (await shop.call("GET", f"/v1/discounts/{offer['id']}"))["redemptions_count"]
        assert count == 1


async def test_4_the_same_checkout_confirmed_twice_at_once_is_locked_for_one() -> None:
    async with open_shop(delay_scale=1.0, confirm_seconds=0.01) as shop:
        checkout = await shop.checkout()
        assert sorted(await asyncio.gather(_status(shop, checkout), _status(shop, checkout))) == [200, 409]


async def _status(shop: Shop, checkout: Json, who: int = 0) -> int:
    async with shop.client() as http:
        return (await buyer.confirm(http, checkout["url"], email=f"sam{who}@buyer-mail.com")).status_code


async def test_6_a_code_replaces_the_offer_where_codes_are_allowed(shop: Shop) -> None:
    await shop.offer(code="HALF", products=None, amounts={"usd": 5000}, max_redemptions=None)
    offer = await shop.offer()
    open_one = await shop.checkout(discount_id=offer["id"], allow_discount_codes=True)
    closed = await shop.checkout(discount_id=offer["id"])
    assert (await shop.buyer_changes(open_one, discount_code="half"))["discount_amount"] == 5000
    assert (await shop.buyer_changes(closed, discount_code="half"))["discount_amount"] == 1000


async def test_7_the_buyer_switches_the_currency_by_price_and_loses_or_gains(shop: Shop) -> None:
    prices = [seeding.fixed(1000), seeding.fixed(900, "eur")]
    product = shop.state.add_product(shop.acme, "Sticker", prices=prices)
    euro = product.prices[1].id
    one = await shop.checkout(product, discount_id=(await shop.offer(product, amounts={"usd": 200}))["id"])
    address = await shop.buyer_changes(one, customer_billing_address={"country": "FR"})
    assert address["currency"] == "usd"
    dropped = await shop.buyer_changes(one, product_id=product.id, product_price_id=euro)
    assert (dropped["currency"], dropped["discount_id"], dropped["amount"]) == ("eur", None, 900)
    two = await shop.checkout(product, discount_id=(await shop.offer(product, amounts={"usd": 200, "eur": 500}))["id"])
    better = await shop.buyer_changes(two, product_id=product.id, product_price_id=euro)
    assert (two["total_amount"], better["amount"] - better["discount_amount"]) == (800, 400)


@pytest.fixture
def plan(shop: Shop) -> entities.Product:
    return shop.state.add_product(
        shop.acme, "Seats", prices=[seeding.seat_based((1, None, 1000))], recurring_interval="month"
    )


async def test_8_9_reselecting_the_product_breaks_the_seat_bound(shop: Shop, plan: entities.Product) -> None:
    offer = await shop.offer(plan, amounts={"usd": 5000})
    checkout = await shop.checkout(plan, seats=10, min_seats=10, max_seats=10, discount_id=offer["id"])
    assert checkout["total_amount"] == 5000
    await shop.buyer_changes(checkout, seats=9, status=422)
    await shop.buyer_changes(checkout, seats=11, status=422)
    reset = await shop.buyer_changes(checkout, product_id=plan.id)
    assert (reset["seats"], reset["min_seats"], reset["total_amount"]) == (1, 10, 0)
    order = await shop.buy(checkout)
    assert (order["seats"], order["total_amount"]) == (1, 0)


async def test_9_a_fixed_discount_does_not_care_for_the_seats(shop: Shop, plan: entities.Product) -> None:
    offer = await shop.offer(plan, amounts={"usd": 5000})
    checkout = await shop.checkout(plan, seats=10, discount_id=offer["id"])
    assert (await shop.buyer_changes(checkout, seats=6))["total_amount"] == 1000
    assert (await shop.buyer_changes(checkout, seats=5))["total_amount"] == 0


async def test_10_11_pay_what_you_want_is_never_locked(shop: Shop) -> None:
    jar = shop.state.add_product(shop.acme, "Jar", prices=[seeding.custom(minimum=300, preset=2000)])
    checkout = await shop.checkout(jar, amount=2000, discount_id=(await shop.offer(jar, amounts={"usd": 500}))["id"])
    assert checkout["total_amount"] == 1500
    assert (await shop.buyer_changes(checkout, amount=600))["total_amount"] == 100
    assert (await shop.buyer_changes(checkout, amount=300))["total_amount"] == 0
    assert (await shop.buyer_changes(checkout, amount=299, status=422))["detail"][0][
        "msg"
    ] == "Amount is below minimum."
    order = await shop.buy(checkout, confirmation_token_id=None)
    assert order["total_amount"] == 0
    dear = await shop.checkout(jar, prices={jar.id: [seeding.fixed(1500)]})
    reselected = await shop.buyer_changes(dear, product_id=jar.id)
    assert reselected["amount"] == 2000
    assert (await shop.buyer_changes(dear, amount=400))["amount"] == 2000


async def test_12_the_base_fee_is_dropped_by_choosing_the_seat_price(shop: Shop) -> None:
    prices = [seeding.fixed(10_000), seeding.seat_based((1, None, 1000))]
    product = shop.state.add_product(shop.acme, "Base and seats", prices=prices, recurring_interval="month")
    checkout = await shop.checkout(product, seats=5)
    assert checkout["total_amount"] == 15_000
    seat_price = product.prices[1].id
    cheap = await shop.buyer_changes(checkout, product_id=product.id, product_price_id=seat_price)
    assert cheap["total_amount"] == 1000
    order = await shop.buy(checkout)
    assert (sum(item["amount"] for item in order["items"]), order["subtotal_amount"]) == (11_000, 1000)
    assert order["subscription"]["amount"] == 11_000


@pytest.mark.parametrize(("terms", "paid"), [({"amounts": {"usd": 2500}}, 2500), ({"basis_points": 3000}, 3500)])
async def test_13_a_price_drop_breaks_a_fixed_discount_but_not_a_percentage(shop: Shop, terms: Json, paid: int) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer(**terms))["id"])
    ad_hoc = await shop.checkout(prices={shop.candle.id: [seeding.fixed(7000)]})
    old_price = shop.candle.prices[0].id
    await shop.call("PATCH", f"/v1/products/{shop.candle.id}", {"prices": [seeding.fixed(5000)]})
    refused = await shop.pay(checkout, status=422)
    assert first_error(refused) == (["body", "product_price_id"], "Price is archived.")
    assert refused["detail"][0]["input"] == old_price
    await shop.buyer_changes(checkout, product_id=shop.candle.id)
    assert (await shop.buy(checkout))["total_amount"] == paid
    assert (await shop.buy(ad_hoc))["total_amount"] == 7000


async def test_14_a_dearer_price_ends_the_offer_until_it_is_reselected(shop: Shop) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer())["id"])
    await shop.call("PATCH", f"/v1/products/{shop.candle.id}", {"prices": [seeding.fixed(12_000)]})
    await shop.pay(checkout, status=422)
    await shop.buyer_changes(checkout, product_id=shop.candle.id)
    assert (await shop.buy(checkout))["total_amount"] == 11_000


async def test_5_what_a_buyer_sends_beyond_his_rights_is_ignored(shop: Shop) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer())["id"], metadata={"agentpay_offer_id": "o-1"})
    forged: Json = {
        "discount_id": None,
        "allow_discount_codes": True,
        "amount": 1,
        "prices": {shop.candle.id: [seeding.fixed(50)]},
        "metadata": {"agentpay_offer_id": "forged"},
        "expires_at": "2030-01-01T00:00:00Z",
        "currency": "eur",
    }
    path = f"/v1/checkouts/client/{checkout['client_secret']}"
    assert (await shop.call("PATCH", path, {**forged, "status": "succeeded"}))["status"] == "open"
    await shop.pay(checkout, **forged)
    seen = await shop.seen(checkout)
    kept = ("discount_id", "allow_discount_codes", "amount", "metadata", "expires_at", "currency")
    assert {name: seen[name] for name in kept} == {name: checkout[name] for name in kept}


async def test_15_archiving_the_product_stops_no_open_checkout(shop: Shop) -> None:
    checkout = await shop.checkout()
    await shop.call("PATCH", f"/v1/products/{shop.candle.id}", {"is_archived": True})
    assert (await shop.buy(checkout))["status"] == "paid"


async def test_19_a_free_product_takes_no_discount(shop: Shop) -> None:
    free = shop.state.add_product(shop.acme, "Sample", prices=[seeding.fixed(0)])
    offer = await shop.offer(free)
    body = {"products": [free.id], "discount_id": offer["id"]}
    answer = await shop.call("POST", "/v1/checkouts/", body, status=422)
    assert first_error(answer) == (["body", "discount_id"], "Discounts are not applicable to this product.")


@pytest.mark.parametrize(
    ("behavior", "country", "sums"),
    [
        ("inclusive", "FR", (2000, 1667, 333)),
        ("exclusive", "FR", (2400, 2000, 400)),
        (None, "FR", (2000, 1667, 333)),
        (None, "IN", (2360, 2000, 360)),
        (None, "SG", (2000, 2000, 0)),
    ],
)
async def test_20_tax_is_in_the_price_or_on_top(
    shop: Shop, behavior: str | None, country: str, sums: tuple[int, int, int]
) -> None:
    product = shop.state.add_product(shop.acme, "Mug", prices=[seeding.fixed(2400, tax_behavior=behavior)])
    checkout = await shop.checkout(product, discount_id=(await shop.offer(product, amounts={"usd": 400}))["id"])
    assert (checkout["tax_amount"], checkout["total_amount"]) == (None, 2000)
    order = await shop.buy(checkout, country=country)
    assert (order["total_amount"], order["net_amount"], order["tax_amount"]) == sums


async def test_31_a_net_below_the_minimum_is_refused_by_the_card_alone(shop: Shop) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer(amounts={"usd": 9480}))["id"])
    assert checkout["total_amount"] == 20
    assert (await shop.pay(checkout, status=400))["error"] == "PaymentError"


async def test_32_nothing_to_pay_needs_no_card_unless_it_recurs(shop: Shop) -> None:
    club = shop.state.add_product(shop.acme, "Club", prices=[seeding.fixed(2900)], recurring_interval="month")
    once = await shop.checkout(discount_id=(await shop.offer(amounts={"usd": 9500}))["id"])
    order = await shop.buy(once, confirmation_token_id=None)
    assert (order["status"], order["total_amount"], order["receipt_number"]) == ("paid", 0, None)
    monthly = await shop.checkout(club, discount_id=(await shop.offer(club, amounts={"usd": 2900}))["id"])
    refused = await shop.pay(monthly, status=422, confirmation_token_id=None)
    assert first_error(refused) == (["body", "confirmation_token_id"], "Confirmation token is required.")
    assert (await shop.buy(monthly))["total_amount"] == 0


async def test_36_37_an_ad_hoc_price_is_undone_and_redone_by_the_buyer(shop: Shop) -> None:
    checkout = await shop.checkout(prices={shop.candle.id: [seeding.fixed(8000)]})
    (ad_hoc,) = checkout["prices"][shop.candle.id]
    assert (ad_hoc["source"], checkout["product"]["prices"][0]["price_amount"]) == ("ad_hoc", 9500)
    ours = await shop.call("PATCH", f"/v1/checkouts/{checkout['id']}", {"product_id": shop.candle.id})
    assert ours["amount"] == 9500
    again = await shop.buyer_changes(checkout, product_id=shop.candle.id, product_price_id=ad_hoc["id"])
    assert again["amount"] == 8000


async def test_38_a_second_subscription_is_refused_at_confirm(shop: Shop) -> None:
    club = shop.state.add_product(shop.acme, "Club", prices=[seeding.fixed(2900)], recurring_interval="month")
    await shop.buy(await shop.checkout(club))
    offer = await shop.offer(club)
    refused = await shop.pay(await shop.checkout(club, discount_id=offer["id"]), status=403)
    assert refused["error"] == "AlreadyActiveSubscriptionError"
    assert (await shop.call("GET", f"/v1/discounts/{offer['id']}"))["redemptions_count"] == 0


def test_d1_percentages_are_rounded_by_polars_own_float_formula() -> None:
    assert money.half_away(365 * (7000 / 10_000)) == 255
    assert money.half_away(2.5) == 3
    assert money.half_away(-2.5) == -3

"""Sam holds nothing but the link and tries what Polar's page would not: each kind of product behaves as D1 says."""

from typing import Any

import pytest

from agentpay.db.transaction import Row
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World
from tests.offers import cast


async def sold(world: World, checkout: Row) -> Row:
    answer = await world.buyer(checkout).pay()
    assert answer.status_code == 200, answer.text
    await world.land_orders()
    (order,) = await world.orders()
    return order


FORGED: list[dict[str, Any]] = [
    {"discount_id": None},
    {"discount_code": "FREE100"},
    {"allow_discount_codes": True},
    {"amount": 1},
    {"metadata": {}},
    {"status": "succeeded"},
    {"currency": "eur"},
    {"expires_at": "2030-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("fields", FORGED, ids=lambda fields: next(iter(fields)))
async def test_fields_a_buyer_may_not_have_change_nothing(world: World, fields: dict[str, Any]) -> None:
    candle = await world.product("Candle", seeding.fixed(9500), seeding.fixed(8900, "eur"))
    checkout = await world.accept(await world.offer(candle, 8500))
    await world.buyer(checkout).change(**fields)
    order = await sold(world, checkout)
    assert (order["total_amount"], order["flags"]) == (8500, [])


async def test_reselecting_a_one_time_product_keeps_the_deal(world: World) -> None:
    candle = await world.product()
    checkout = await world.accept(await world.offer(candle, 8500))
    buyer = world.buyer(checkout)
    assert (await buyer.change(product_id=candle.id)).json()["net_amount"] == 8500
    assert (await buyer.change(seats=3)).status_code == 422
    order = await sold(world, checkout)
    assert (order["total_amount"], order["below_bound"]) == (8500, False)


async def test_a_percentage_keeps_its_share_in_another_currency(world: World) -> None:
    candle = await world.product("Candle", seeding.fixed(9500), seeding.fixed(8000, "gbp"))
    checkout = await world.accept(await world.offer(candle, 8550))
    pounds = candle.active_prices[1]
    await world.buyer(checkout).change(product_id=candle.id, product_price_id=pounds.id)
    order = await sold(world, checkout)
    assert (order["currency"], order["subtotal_amount"], order["discount_amount"]) == ("gbp", 8000, 800)
    assert (order["flags"], order["below_bound"]) == (["currency"], False)


async def test_where_a_floor_binds_to_one_currency_a_share_taken_in_another_is_below_it(world: World) -> None:
    candle = await world.product("Candle", seeding.fixed(9500), seeding.fixed(8000, "gbp"))
    floors = {candle.id: {"floor_amount": 8000}}
    world.agent = await cast.agent(world.db, world.organization_id, max_discount_percent=50, products=floors)
    checkout = await world.accept(await world.offer(candle, 8550))
    pounds = candle.active_prices[1]
    await world.buyer(checkout).change(product_id=candle.id, product_price_id=pounds.id)
    order = await sold(world, checkout)
    assert (order["flags"], order["below_bound"]) == (["currency", "floor"], True)


async def test_an_amount_off_a_subscription_is_lost_with_the_currency(world: World) -> None:
    club = await world.product(
        "Candle club", seeding.fixed(2900), seeding.fixed(2700, "gbp"), recurring_interval="month"
    )
    checkout = await world.accept(await world.offer(club, 2400))
    pounds = club.active_prices[1]
    await world.buyer(checkout).change(product_id=club.id, product_price_id=pounds.id)
    order = await sold(world, checkout)
    assert (order["total_amount"], order["flags"], order["below_bound"]) == (2700, ["currency"], False)


async def test_a_share_survives_a_lowered_list_and_nobody_is_blamed(world: World) -> None:
    candle = await world.product()
    checkout = await world.accept(await world.offer(candle, 8500))
    await world.reprice(candle, seeding.fixed(5000))
    buyer = world.buyer(checkout)
    assert (await buyer.pay()).json()["detail"][0]["msg"] == "Price is archived."
    await buyer.change(product_id=candle.id)
    order = await sold(world, checkout)
    assert order["subtotal_amount"] - order["discount_amount"] == 4473
    assert (order["flags"], order["below_bound"]) == (["list_changed"], False)


async def test_an_amount_off_a_lowered_list_goes_below_the_bound_and_is_seen(world: World) -> None:
    """The merchant's click was faster than our revocation: what remains is that it never goes unnoticed."""
    club = await world.product("Candle club", seeding.fixed(10_000), recurring_interval="month")
    checkout = await world.accept(await world.offer(club, 7000, floor=7000))
    await world.reprice(club, seeding.fixed(5000))
    await world.buyer(checkout).change(product_id=club.id)
    order = await sold(world, checkout)
    assert order["total_amount"] == 2000
    assert order["below_bound"]
    assert order["flags"] == ["list_changed", "agreed", "floor"]


async def test_seats_are_the_buyers_to_change_because_nothing_was_conceded(world: World) -> None:
    team = await world.product("Team plan", seeding.seat_based((1, None, 1000)), recurring_interval="month")
    checkout = await world.buy(team, seats=10)
    await world.buyer(checkout).change(product_id=team.id)
    order = await sold(world, checkout)
    assert (order["total_amount"], order["flags"], order["below_bound"]) == (1000, ["seats"], False)


async def test_the_checkout_follows_what_the_buyer_chose(world: World) -> None:
    team = await world.product("Team plan", seeding.seat_based((1, None, 1000)), recurring_interval="month")
    checkout = await world.buy(team, seats=3)
    await world.buyer(checkout).change(seats=5)
    await world.land_checkout(checkout)
    followed = await world.checkout(checkout["id"])
    assert (followed["seats"], followed["amount"]) == (5, 5000)
    order = await sold(world, checkout)
    assert (order["total_amount"], order["flags"]) == (5000, [])


async def test_a_dropped_base_fee_is_seen_though_it_is_a_list_price(world: World) -> None:
    suite = await world.product(
        "Suite", seeding.fixed(10_000), seeding.seat_based((1, None, 1000)), recurring_interval="month"
    )
    checkout = await world.buy(suite, seats=5)
    assert checkout["amount"] == 15_000
    seat_price = suite.active_prices[1]
    await world.buyer(checkout).change(product_id=suite.id, product_price_id=seat_price.id)
    order = await sold(world, checkout)
    assert order["total_amount"] == 1000
    assert "component_dropped" in order["flags"]
    assert order["below_bound"]


async def test_pay_what_you_want_means_what_it_says(world: World) -> None:
    tip = await world.product("Tip jar", seeding.custom(minimum=300, preset=2000))
    checkout = await world.buy(tip)
    assert checkout["amount"] == 2000
    buyer = world.buyer(checkout)
    assert (await buyer.change(amount=299)).status_code == 422
    await buyer.change(amount=300)
    order = await sold(world, checkout)
    assert (order["total_amount"], order["flags"], order["below_bound"]) == (300, [], False)


async def test_one_discount_pays_once_though_two_checkouts_carry_it(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    checkout = await world.accept(offer_id)
    twin = await (await world.polar()).create_checkout(
        product_id=checkout["product_id"],
        currency="usd",
        metadata={},
        discount_id=checkout["discount_id"],
    )
    await sold(world, checkout)
    other = {**checkout, "url": twin.url}
    refused = await world.buyer(other).pay()
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "discount_id"]


async def test_after_its_end_the_price_is_gone_at_confirm(world: World) -> None:
    checkout = await world.accept(await world.offer(await world.product(), 8500))
    world.state.advance(2 * 3600)
    refused = await world.buyer(checkout).pay()
    assert refused.status_code == 422


async def test_a_declined_card_may_be_tried_again(world: World) -> None:
    checkout = await world.accept(await world.offer(await world.product(), 8500))
    declined = await world.buyer(checkout).pay(card="ctoken_decline")
    assert declined.status_code == 400
    await world.polar_settles()
    await world.land_checkout(checkout)
    assert (await world.checkout(checkout["id"]))["status"] == "open"
    order = await sold(world, checkout)
    assert order["total_amount"] == 8500

"""Renewals, trials and plan changes (OFFERS 16–18, 41)."""

from typing import Any

import httpx
import pytest

from agentpay.sandbox.polar import entities, seeding, subscription_life
from tests.sandbox_polar.shop import Json, Shop


def plan(shop: Shop, amount: int = 2900, interval: str = "month", **fields: Any) -> entities.Product:
    prices = fields.pop("prices", [seeding.fixed(amount)])
    return shop.state.add_product(shop.acme, "Candle club", prices=prices, recurring_interval=interval, **fields)


async def orders_of(shop: Shop, subscription_id: str) -> list[Json]:
    found = await shop.call("GET", f"/v1/orders/?subscription_id={subscription_id}&sorting=created_at")
    return found["items"]  # type: ignore[no-any-return]


async def renew(shop: Shop, subscription_id: str) -> Json:
    """The newest order after the next period was billed and paid."""
    shop.pass_time(seconds=1)
    subscription_life.renew(shop.state, subscription_id)
    await shop.settle()
    return (await orders_of(shop, subscription_id))[-1]


async def test_16_41_a_discount_once_counts_for_the_first_order_alone(shop: Shop) -> None:
    club = plan(shop)
    offer = await shop.offer(club, amounts={"usd": 500})
    checkout = await shop.checkout(club, discount_id=offer["id"], metadata={"agentpay_offer_id": "o-1"})
    first = await shop.buy(checkout)
    subscription = first["subscription"]
    assert (first["total_amount"], subscription["amount"], subscription["discount_id"]) == (2400, 2400, offer["id"])
    renewal = await renew(shop, subscription["id"])
    assert (renewal["billing_reason"], renewal["total_amount"]) == ("subscription_cycle", 2900)
    assert (renewal["checkout_id"], renewal["discount_id"]) == (None, None)
    assert renewal["metadata"] == {"agentpay_offer_id": "o-1"}
    assert renewal["subscription"]["checkout_id"] == checkout["id"]
    assert renewal["subscription"]["discount_id"] is None


@pytest.mark.parametrize(("terms", "totals"), [({"duration": "forever"}, [2400] * 3), ({}, [2400, 2900, 2900])])
async def test_how_long_a_discount_lasts(shop: Shop, terms: Json, totals: list[int]) -> None:
    club = plan(shop)
    checkout = await shop.checkout(club, discount_id=(await shop.offer(club, amounts={"usd": 500}, **terms))["id"])
    first = await shop.buy(checkout)
    rest = [await renew(shop, first["subscription"]["id"]) for _ in range(2)]
    assert [order["total_amount"] for order in (first, *rest)] == totals


async def test_a_discount_for_two_months_ends_after_two(shop: Shop) -> None:
    club = plan(shop)
    offer = await shop.offer(club, amounts={"usd": 500}, duration="repeating", duration_in_months=2)
    first = await shop.buy(await shop.checkout(club, discount_id=offer["id"]))
    rest = [await renew(shop, first["subscription"]["id"]) for _ in range(2)]
    assert [order["total_amount"] for order in (first, *rest)] == [2400, 2400, 2900]


async def test_18_during_a_trial_the_discount_waits_for_the_first_real_charge(shop: Shop) -> None:
    club = plan(shop, 9900, trial_interval="day", trial_interval_count=14)
    offer = await shop.offer(club, amounts={"usd": 2000})
    checkout = await shop.checkout(club, discount_id=offer["id"])
    assert checkout["trial_end"] is not None
    assert (checkout["is_payment_required"], checkout["is_payment_setup_required"]) == (False, True)
    start = await shop.buy(checkout)
    assert (start["total_amount"], start["discount_id"], start["status"]) == (0, None, "paid")
    assert start["items"][0]["label"].startswith("Trial period for Candle club (Nov 23, 2026 - Dec 7, 2026)")
    assert (await shop.call("GET", f"/v1/discounts/{offer['id']}"))["redemptions_count"] == 1
    await shop.call("DELETE", f"/v1/discounts/{offer['id']}", status=204)
    charged = await renew(shop, start["subscription"]["id"])
    assert (charged["total_amount"], charged["discount_id"]) == (7900, offer["id"])
    assert (await renew(shop, start["subscription"]["id"]))["total_amount"] == 9900


async def test_a_second_trial_is_refused_where_the_merchant_minds(shop: Shop) -> None:
    club = plan(shop, trial_interval="day", trial_interval_count=14)
    shop.acme.subscription_settings |= {"prevent_trial_abuse": True, "allow_multiple_subscriptions": True}
    await shop.buy(await shop.checkout(club), email="sam@buyer-mail.com")
    refused = await shop.pay(await shop.checkout(club), status=403, email="sam+again@buyer-mail.com")
    assert refused["error"] == "TrialAlreadyRedeemed"
    await shop.pay(await shop.checkout(club, allow_trial=False), email="sam+again@buyer-mail.com")


async def test_18_the_buyer_may_switch_a_trial_off_but_never_on(shop: Shop) -> None:
    club = plan(shop, trial_interval="day", trial_interval_count=14)
    checkout = await shop.checkout(club)
    await shop.buyer_changes(checkout, allow_trial=True, status=422)
    off = await shop.buyer_changes(checkout, allow_trial=False)
    assert (off["trial_end"], off["is_payment_required"]) == (None, True)
    without = await shop.checkout(club, allow_trial=False)
    assert (await shop.buyer_changes(without, product_id=club.id))["trial_end"] is None
    assert (await shop.buy(without))["total_amount"] == 2900


@pytest.fixture
async def portal(shop: Shop) -> Any:
    """Changes a subscription as its buyer does, in the customer portal."""

    async def change(order: Json, **fields: Any) -> Json:
        session = await shop.call("POST", "/v1/customer-sessions/", {"customer_id": order["customer_id"]})
        async with shop.client(session["token"]) as http:
            path = f"/v1/customer-portal/subscriptions/{order['subscription_id']}"
            response: httpx.Response = await http.patch(path, json=fields)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    return change


async def test_17_a_percentage_follows_the_buyer_into_a_dearer_plan(shop: Shop, portal: Any) -> None:
    monthly, yearly = plan(shop), plan(shop, 29_000, "year")
    offer = await shop.offer(monthly, basis_points=5000)
    first = await shop.buy(await shop.checkout(monthly, discount_id=offer["id"]))
    assert first["total_amount"] == 1450
    switched = await portal(first, product_id=yearly.id)
    assert switched["amount"] == 14_500
    await shop.settle()
    update = (await orders_of(shop, first["subscription_id"]))[-1]
    assert (update["billing_reason"], update["checkout_id"]) == ("subscription_update", None)
    assert [item["amount"] for item in update["items"]] == [-1450, 14_500]
    assert (update["subtotal_amount"], update["discount_amount"], update["discount_id"]) == (13_050, 0, offer["id"])


async def test_17_a_fixed_discount_never_costs_more_than_once_its_amount(shop: Shop, portal: Any) -> None:
    monthly, yearly = plan(shop), plan(shop, 29_000, "year")
    offer = await shop.offer(monthly, amounts={"usd": 2000})
    first = await shop.buy(await shop.checkout(monthly, discount_id=offer["id"]))
    assert (await portal(first, product_id=yearly.id))["amount"] == 27_000


async def test_17_more_seats_cost_half_on_the_next_invoice(shop: Shop, portal: Any) -> None:
    seats = plan(shop, prices=[seeding.seat_based((1, None, 1000))])
    offer = await shop.offer(seats, basis_points=5000)
    first = await shop.buy(await shop.checkout(seats, discount_id=offer["id"]))
    assert (await portal(first, seats=20))["amount"] == 10_000
    renewal = await renew(shop, first["subscription_id"])
    extra = [item["amount"] for item in renewal["items"] if item["proration"]]
    assert extra == [9500]


async def test_taking_the_discount_off_a_subscription_ends_the_leak(shop: Shop) -> None:
    club = plan(shop)
    first = await shop.buy(await shop.checkout(club, discount_id=(await shop.offer(club, basis_points=5000))["id"]))
    path = f"/v1/subscriptions/{first['subscription_id']}"
    changed = await shop.call("PATCH", path, {"discount_id": None})
    assert (changed["discount_id"], changed["amount"]) == (None, 2900)


async def test_a_due_subscription_renews_by_itself_and_a_cancelled_one_ends(shop: Shop) -> None:
    first = await shop.buy(await shop.checkout(plan(shop)))
    shop.pass_time(days=31)
    await shop.settle()
    await shop.settle()
    assert len(await orders_of(shop, first["subscription_id"])) == 2
    path = f"/v1/subscriptions/{first['subscription_id']}"
    assert (await shop.call("PATCH", path, {"cancel_at_period_end": True}))["cancel_at_period_end"] is True
    shop.pass_time(days=31)
    await shop.settle()
    ended = await shop.call("GET", path)
    assert (ended["status"], len(await orders_of(shop, first["subscription_id"]))) == ("canceled", 2)
    assert (await shop.call("PATCH", path, {"seats": 2}, status=403))["error"] == "AlreadyCanceledSubscription"

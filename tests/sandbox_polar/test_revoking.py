"""How an offer ends, and what is too late for it (OFFERS 21–30)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx

from tests.sandbox_polar.shop import Shop, first_error, open_shop
from tests.sandbox_polar.test_offers import OVER


async def test_21_after_its_end_the_page_still_shows_what_confirm_refuses(shop: Shop) -> None:
    ends = shop.now + timedelta(minutes=10)
    offer = await shop.offer(ends_at=ends.isoformat())
    late, early = [await shop.checkout(discount_id=offer["id"]) for _ in range(2)]
    shop.pass_time(minutes=10)
    shop.state.settings.slow_payment_seconds = 60
    await shop.pay(early, card="slow")
    shop.pass_time(minutes=5)
    await shop.settle()
    assert (await shop.order_of(early))["total_amount"] == 8500
    page = await shop.call("GET", f"/v1/checkouts/client/{late['client_secret']}")
    assert page["total_amount"] == 8500
    assert first_error(await shop.pay(late, status=422)) == OVER


async def test_22_23_a_decline_frees_the_offer_and_is_told_a_little_later(shop: Shop) -> None:
    told: list[dict[str, Any]] = []

    def receive(request: httpx.Request) -> httpx.Response:
        told.append(json.loads(request.content))
        return httpx.Response(202)

    await shop.listen(receive)
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    declined = await shop.pay(checkout, status=400, card="decline")
    assert declined["detail"] == (
        "The payment failed: Your card was declined. Please try again with a different payment method."
    )
    assert (await shop.call("GET", f"/v1/discounts/{offer['id']}"))["redemptions_count"] == 0
    await shop.settle()
    assert [(each["type"], each["data"].get("status")) for each in told][-1] == ("checkout.updated", "open")
    assert (await shop.buy(checkout))["total_amount"] == 8500


async def test_24_a_late_decline_reopens_a_confirmed_checkout_that_stays_without_order() -> None:
    async with open_shop(delay_scale=1.0, confirm_seconds=0.0) as shop:
        offer = await shop.offer()
        checkout = await shop.checkout(discount_id=offer["id"])
        await shop.pay(checkout, status=400, card="decline")
        shop.state.settings.slow_payment_seconds = 30
        await shop.pay(checkout, card="slow")
        shop.pass_time(seconds=3)
        await shop.settle()
        reopened = await shop.seen(checkout)
        assert reopened["status"] == "open"
        assert (await shop.call("GET", f"/v1/discounts/{offer['id']}"))["redemptions_count"] == 0
        shop.pass_time(minutes=24)
        await shop.settle()
        assert (await shop.seen(checkout))["status"] == "open"
        assert (await shop.call("GET", "/v1/orders/"))["items"] == []


async def test_25_a_refund_does_not_free_the_offer(shop: Shop) -> None:
    offer = await shop.offer()
    first, second = [await shop.checkout(discount_id=offer["id"]) for _ in range(2)]
    order = await shop.buy(first)
    refund = {"order_id": order["id"], "reason": "customer_request", "amount": order["refundable_amount"]}
    await shop.call("POST", "/v1/refunds/", refund)
    assert first_error(await shop.pay(second, status=422, email="rita@buyer-mail.com")) == OVER


async def test_26_a_payment_without_result_leaves_the_checkout_confirmed_for_ever(shop: Shop) -> None:
    checkout = await shop.checkout(discount_id=(await shop.offer())["id"])
    await shop.pay(checkout, card="never")
    shop.pass_time(days=2)
    await shop.settle()
    assert (await shop.seen(checkout))["status"] == "confirmed"
    assert (await shop.pay(checkout, status=403))["error"] == "NotOpenCheckout"
    path = f"/v1/checkouts/{checkout['id']}"
    assert (await shop.call("PATCH", path, {"discount_id": None}, status=403))["error"] == "NotOpenCheckout"


async def test_27_a_confirm_under_way_wins_against_the_end_of_the_discount() -> None:
    async with open_shop(delay_scale=1.0, confirm_seconds=0.05) as shop:
        offer = await shop.offer()
        checkout = await shop.checkout(discount_id=offer["id"])
        paying = asyncio.create_task(shop.pay(checkout))
        await shop.state.until_confirming(checkout["id"])
        path = f"/v1/discounts/{offer['id']}"
        ended = await shop.call("PATCH", path, {"ends_at": shop.now.isoformat()})
        assert ended["redemptions_count"] == 0
        assert (await paying)["status"] == "confirmed"
        assert (await shop.call("GET", path))["redemptions_count"] == 1


async def test_28_taking_the_discount_off_the_checkout_is_serialised_by_its_lock() -> None:
    async with open_shop(delay_scale=1.0, confirm_seconds=0.05) as shop:
        checkout = await shop.checkout(discount_id=(await shop.offer())["id"])
        path, body = f"/v1/checkouts/{checkout['id']}", {"discount_id": None}
        paying = asyncio.create_task(shop.pay(checkout))
        await shop.state.until_confirming(checkout["id"])
        assert (await shop.call("PATCH", path, body, status=409))["error"] == "CheckoutLocked"
        assert (await shop.buyer_changes(checkout, customer_name="S", status=409))["error"] == "CheckoutLocked"
        await paying
        assert (await shop.call("PATCH", path, body, status=403))["error"] == "NotOpenCheckout"
        other = await shop.checkout(discount_id=(await shop.offer())["id"])
        gone = await shop.call("PATCH", f"/v1/checkouts/{other['id']}", body)
        assert (gone["discount_id"], gone["total_amount"]) == (None, 9500)


async def test_29_deleting_a_discount_revokes_nothing(shop: Shop) -> None:
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    path = f"/v1/discounts/{offer['id']}"
    await shop.call("DELETE", path, status=204)
    await shop.call("GET", path, status=404)
    await shop.call("PATCH", path, {"ends_at": shop.now.isoformat()}, status=404)
    order = await shop.buy(checkout)
    assert (order["total_amount"], order["discount"]["name"]) == (8500, "Your offer 7F3K")


async def test_29_ended_first_and_deleted_later_it_is_revoked(shop: Shop) -> None:
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    path = f"/v1/discounts/{offer['id']}"
    await shop.call("PATCH", path, {"ends_at": (shop.now - timedelta(seconds=1)).isoformat()})
    await shop.call("DELETE", path, status=204)
    assert first_error(await shop.pay(checkout, status=422)) == OVER


async def test_30_another_product_on_the_discount_drops_it_silently_at_confirm(shop: Shop) -> None:
    other = shop.state.add_product(shop.acme, "Other")
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    await shop.call("PATCH", f"/v1/discounts/{offer['id']}", {"products": [other.id]})
    assert (await shop.seen(checkout))["total_amount"] == 8500
    assert (await shop.pay(checkout))["total_amount"] == 9500


async def test_30_another_amount_shows_beside_the_old_total_until_confirm(shop: Shop) -> None:
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    await shop.call("PATCH", f"/v1/discounts/{offer['id']}", {"amounts": {"usd": 3000}})
    shown = await shop.seen(checkout)
    assert (shown["discount_amount"], shown["total_amount"]) == (3000, 8500)
    assert (await shop.pay(checkout))["total_amount"] == 6500


async def test_30_a_discount_without_the_currency_breaks_every_list_that_holds_its_checkout(shop: Shop) -> None:
    offer = await shop.offer()
    checkout = await shop.checkout(discount_id=offer["id"])
    await shop.checkout()
    await shop.call("PATCH", f"/v1/discounts/{offer['id']}", {"amounts": {"eur": 900}})
    for path in (f"/v1/checkouts/{checkout['id']}", "/v1/checkouts/"):
        response = await shop.http.get(path)
        assert (response.status_code, response.text) == (500, "Internal Server Error")
        assert "polar-version" not in response.headers
    assert (await shop.http.get("/v1/checkouts/?limit=1")).status_code == 200


async def test_30_an_end_in_the_future_again_brings_the_offer_back(shop: Shop) -> None:
    offer = await shop.offer(ends_at=(shop.now + timedelta(minutes=1)).isoformat())
    checkout = await shop.checkout(discount_id=offer["id"])
    shop.pass_time(minutes=2)
    await shop.pay(checkout, status=422)
    later = (shop.now + timedelta(minutes=5)).isoformat()
    await shop.call("PATCH", f"/v1/discounts/{offer['id']}", {"ends_at": later})
    assert (await shop.buy(checkout))["total_amount"] == 8500


async def test_a_redeemed_discount_keeps_its_worth(shop: Shop) -> None:
    offer = await shop.offer()
    await shop.buy(await shop.checkout(discount_id=offer["id"]))
    path = f"/v1/discounts/{offer['id']}"
    refused = await shop.call("PATCH", path, {"amounts": {"usd": 2000}}, status=422)
    assert first_error(refused)[0] == ["body", "amounts"]
    assert (await shop.call("PATCH", path, {"name": "Spent", "max_redemptions": 2}))["name"] == "Spent"

"""Buying at list price: one click, one checkout, verified before Sam sees its link."""

import asyncio
from uuid import UUID

import pytest

from agentpay.checkout.errors import CouponInvalid, PaymentsNotReady, ProductUnavailable
from agentpay.checkout.perform import perform
from agentpay.kit.errors import Invalid, Limited, NotFound
from agentpay.polar.client import Credential
from agentpay.polar.errors import PolarError
from agentpay.polar.gateway import PolarGateway
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World


async def test_a_candle_is_bought_from_the_first_click_to_the_order(world: World) -> None:
    candle = await world.product()
    checkout = await world.buy(candle)
    assert (checkout["status"], checkout["amount"], checkout["currency"]) == ("open", 9500, "usd")
    made = world.polar_checkout(checkout)
    assert made.allow_discount_codes is False
    assert made.metadata == {
        "agentpay_organization_id": str(world.organization_id),
        "agentpay_conversation_id": str(world.conversation_id),
        "agentpay_checkout_id": str(checkout["id"]),
    }

    paid = await world.buyer(checkout).pay()
    assert paid.status_code == 200, paid.text
    await world.land_checkout(checkout)
    await world.land_orders()

    (order,) = await world.orders()
    assert (order["is_sale"], order["is_paid"], order["status"]) == (True, True, "paid")
    assert (order["flags"], order["below_bound"]) == ([], False)
    assert order["checkout_id"] == checkout["id"]
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    conversation = await world.db.one("select stage, order_id, customer_id, checkout_id from conversations")
    assert conversation is not None
    assert conversation["stage"] == "completed"
    assert conversation["order_id"] == order["polar_order_id"]
    assert conversation["customer_id"] == order["customer_id"]
    (message,) = await world.messages()
    assert message["content"] == (
        "Thank you! Your payment of $95.00 for Beeswax candle has arrived. Your order is confirmed."
    )
    assert message["attachments"] == [
        {
            "type": "order",
            "order_id": str(order["polar_order_id"]),
            "amount": 9500,
            "currency": "usd",
            "status": "paid",
            "products": ["Beeswax candle"],
        }
    ]
    assert [type for type, _ in await world.events()] == [
        "checkout.created",
        "conversation.updated",
        "checkout.updated",
        "checkout.updated",
        "conversation.updated",
        "order.created",
        "conversation.updated",
        "message.created",
    ]
    assert {"checkout.perform", "checkout.poll"} <= set(await world.job_kinds())


async def test_a_second_click_gives_back_the_same_checkout(world: World) -> None:
    candle = await world.product()
    first = await world.buy(candle)
    again = await world.buy(candle)
    assert again["id"] == first["id"]
    assert len(world.state.checkouts) == 1


async def test_twenty_clicks_at_once_make_one_checkout(world: World) -> None:
    candle = await world.product()
    rows = await asyncio.gather(*(world.buy(candle) for _ in range(20)))
    assert len({row["id"] for row in rows}) == 1
    assert {row["status"] for row in rows} == {"open"}
    assert len(world.calls("POST", "/v1/checkouts/")) == 1


async def test_other_terms_are_another_checkout(world: World) -> None:
    team = await world.product("Team plan", seeding.seat_based((1, None, 1000)), recurring_interval="month")
    three = await world.buy(team, seats=3)
    five = await world.buy(team, seats=5)
    assert three["id"] != five["id"]
    assert (three["amount"], five["amount"]) == (3000, 5000)
    assert world.polar_checkout(five).seats == 5


async def test_an_open_one_that_ran_out_is_replaced(world: World) -> None:
    candle = await world.product()
    first = await world.buy(candle)
    await world.db.run("update checkouts set expires_at = now() - interval '1 s'")
    second = await world.buy(candle)
    assert second["id"] != first["id"]
    assert (await world.checkout(first["id"]))["status"] == "expired"


async def test_while_a_payment_is_settling_the_same_thing_is_not_sold_twice(world: World) -> None:
    candle = await world.product()
    first = await world.buy(candle)
    await world.buyer(first).pay(card="ctoken_never_1")
    await world.land_checkout(first)
    again = await world.buy(candle)
    assert (again["id"], again["status"]) == (first["id"], "confirmed")


async def test_the_buyer_chooses_what_to_pay_within_the_price(world: World) -> None:
    tip = await world.product("Tip jar", seeding.custom(minimum=300, maximum=5000, preset=500))
    checkout = await world.buy(tip, amount=700)
    assert (checkout["status"], checkout["amount"]) == ("open", 700)
    assert world.polar_checkout(checkout).amount == 700
    with pytest.raises(Invalid):
        await world.buy(tip, amount=299)
    with pytest.raises(Invalid):
        await world.buy(tip, amount=5001)


async def test_a_free_product_costs_nothing_and_says_so(world: World) -> None:
    sample = await world.product("Free sample", seeding.fixed(0))
    checkout = await world.buy(sample)
    assert (checkout["status"], checkout["amount"]) == ("open", 0)
    await world.buyer(checkout).pay(confirmation_token_id=None)
    await world.land_orders()
    (message,) = await world.messages()
    assert message["content"].endswith("Nothing was charged.")
    assert not (await world.orders())[0]["below_bound"]


async def test_a_subscription_keeps_its_trial_at_list_price(world: World) -> None:
    club = await world.product("Candle club", recurring_interval="month", trial_interval="day", trial_interval_count=7)
    checkout = await world.buy(club)
    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["total_amount"], order["flags"], order["is_sale"]) == (0, [], True)
    assert "free trial" in (await world.messages())[0]["content"]


async def test_what_is_not_on_sale_is_refused(world: World) -> None:
    hidden = await world.product("Secret candle", visibility="private")
    sold_out = await world.product("Rare candle", metadata={"stock": 0})
    unknown = world.state.add_product(world.polar_organization, "Never mirrored")
    for product in (hidden, sold_out, unknown):
        with pytest.raises(ProductUnavailable):
            await world.buy(product)
    assert world.calls("POST", "/v1/checkouts/") == []


async def test_what_was_archived_since_the_sync_is_refused_by_polars_own_word(world: World) -> None:
    candle = await world.product()
    candle.is_archived = True
    checkout = await world.buy(candle)
    assert (checkout["status"], checkout["reason"]) == ("failed", "product_unavailable")
    assert world.calls("POST", "/v1/checkouts/") == []
    with pytest.raises(ProductUnavailable):
        await world.buy(candle)


async def test_a_shop_that_may_not_take_payments_opens_no_checkout(world: World) -> None:
    candle = await world.product()
    await world.db.run("""update organizations set capabilities = '{"checkout_payments": false}'""")
    with pytest.raises(PaymentsNotReady):
        await world.buy(candle)


async def test_a_price_that_moved_since_the_sync_is_the_one_that_counts(world: World) -> None:
    candle = await world.product()
    await world.reprice(candle, seeding.fixed(9900))
    checkout = await world.buy(candle)
    assert (checkout["status"], checkout["amount"], checkout["list_amount"]) == ("open", 9900, 9900)


async def test_the_quoted_currency_is_asked_for(world: World) -> None:
    candle = await world.product("Candle", seeding.fixed(9500), seeding.fixed(8900, "eur"))
    await world.db.run("""update conversations set context = '{"currency": "eur"}'""")
    checkout = await world.buy(candle)
    assert (checkout["currency"], checkout["amount"]) == ("eur", 8900)


async def test_only_a_proven_customer_is_named_to_polar(world: World) -> None:
    candle = await world.product()
    anonymous = await world.buy(candle)
    assert world.polar_checkout(anonymous).external_customer_id is None
    await world.db.run(
        """update conversations set external_customer_id = 'sam-1',
        identity = '{"email": "sam@buyer-mail.com", "name": "Sam"}'"""
    )
    await world.db.run("update checkouts set status = 'expired'")
    proven = world.polar_checkout(await world.buy(candle))
    assert (proven.external_customer_id, proven.customer_email, proven.customer_name) == (
        "sam-1", "sam@buyer-mail.com", "Sam",
    )  # fmt: skip


async def test_a_mail_address_that_polar_refuses_does_not_cost_the_sale(world: World) -> None:
    candle = await world.product()
    await world.db.run(
        """update conversations set external_customer_id = 'sam-1', identity = '{"email": "sam@no-such-domain.test"}'"""
    )
    checkout = await world.buy(candle)
    assert checkout["status"] == "open"
    assert world.polar_checkout(checkout).external_customer_id == "sam-1"
    assert world.polar_checkout(checkout).customer_email is None


async def test_the_buyer_comes_back_to_the_page_he_left(world: World) -> None:
    candle = await world.product()
    await world.db.run("update organizations set allowed_origins = '{https://acme.io}'")
    await world.db.run("""update conversations set context = '{"page_url": "https://acme.io/candles"}'""")
    checkout = await world.buy(candle)
    assert world.polar_checkout(checkout).success_url == "https://acme.io/candles"


async def test_polar_is_told_which_page_shows_its_checkout(world: World) -> None:
    candle = await world.product()
    await world.db.run("update organizations set allowed_origins = '{https://acme.io}'")
    await world.db.run("""update conversations set context = '{"embed_origin": "https://acme.io"}'""")
    checkout = await world.buy(candle)
    assert world.polar_checkout(checkout).embed_origin == "https://acme.io"


async def test_asking_again_after_an_outage_does_not_wait_for_the_next_try(world: World) -> None:
    candle = await world.product()
    world.state.faults.add("server_error", method="GET", path="/v1/products/*", times=3)
    waiting = await world.buy(candle, settle=False)
    await world.performer.settle(organization_id=world.organization_id, checkout_id=waiting["id"], seconds=0)
    await world.until("select 1 from checkouts where attempt > 0 and lease_until is null")
    await world.db.run("update checkouts set next_try_at = now() + interval '5 min'")
    again = await world.buy(candle)
    assert (again["id"], again["status"]) == (waiting["id"], "open")


async def test_an_organization_without_a_readable_token_does_not_lose_the_purchase(world: World) -> None:
    candle = await world.product()
    row = await world.buy(candle, settle=False)
    lost = PolarGateway(world.db, credentials=no_token, verify=False)
    ids = {"organization_id": world.organization_id, "checkout_id": row["id"]}
    assert await perform(world.db, lost, world.appender, world.jobs, **ids) == pytest.approx(60)
    await lost.close()
    await world.db.run("update checkouts set next_try_at = now()")
    assert (await world.settle(row["id"]))["status"] == "open"


async def no_token(organization_id: UUID) -> Credential:
    raise NotFound


# Codes


async def code(world: World, **fields: object) -> None:
    body = {"type": "percentage", "basis_points": 2000, "duration": "once", "name": "Wax week", "code": "WAX20"}
    headers = {"Authorization": f"Bearer {world.token}", "Polar-Version": "2026-10"}
    answer = await world.browser.post("/v1/discounts/", json={**body, **fields}, headers=headers)
    assert answer.status_code == 201, answer.text


async def test_a_code_enters_by_its_discount_and_cannot_be_replaced(world: World) -> None:
    candle = await world.product()
    await code(world)
    checkout = await world.buy(candle, discount_code="wax20")
    assert (checkout["status"], checkout["amount"], checkout["discount_code"]) == ("open", 7600, "WAX20")
    await code(world, code="FREE100", basis_points=10000, name="Comp")
    answer = await world.buyer(checkout).change(discount_code="FREE100")
    assert answer.status_code == 200
    assert (await world.buyer(checkout).see())["net_amount"] == 7600
    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["discount_amount"], order["flags"], order["below_bound"]) == (1900, [], False)


async def test_codes_cannot_be_guessed_for_ever(world: World) -> None:
    candle = await world.product()
    await code(world)
    for guess in ("AAA", "BBB", "CCC", "DDD", "%%%"):
        with pytest.raises(CouponInvalid):
            await world.buy(candle, discount_code=guess)
    with pytest.raises(Limited):
        await world.buy(candle, discount_code="WAX20")


async def test_a_valid_code_and_polars_trouble_use_up_no_try(world: World) -> None:
    candle = await world.product()
    await code(world)
    for _ in range(6):
        assert (await world.buy(candle, discount_code="WAX20"))["status"] == "open"
    world.state.faults.add("server_error", method="GET", path="/v1/discounts/", times=3)
    with pytest.raises(PolarError):
        await world.buy(candle, discount_code="OTHER")
    assert await world.db.value("select used from coupon_tries") == 0


async def test_twenty_guesses_at_once_are_five(world: World) -> None:
    candle = await world.product()
    results = await asyncio.gather(
        *(world.buy(candle, discount_code=f"GUESS{n}") for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, CouponInvalid) for result in results) == 5
    assert sum(isinstance(result, Limited) for result in results) == 15


async def test_a_code_that_ended_between_looking_and_buying_fails_by_name(world: World) -> None:
    candle = await world.product()
    await code(world)
    row = await world.buy(candle, discount_code="WAX20", settle=False)
    (discount,) = world.state.discounts
    discount.ends_at = world.state.now()
    settled = await world.settle(row["id"])
    assert (settled["status"], settled["reason"]) == ("failed", "coupon_invalid")


async def test_a_conversation_opens_a_bounded_number_of_checkouts(world: World) -> None:
    tip = await world.product("Tip jar", seeding.custom(minimum=300, preset=500))
    for amount in range(300, 330):
        await world.buy(tip, amount=amount, settle=False)
    with pytest.raises(Limited):
        await world.buy(tip, amount=999)

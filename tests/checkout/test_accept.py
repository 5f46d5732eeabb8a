"""An accepted offer becomes one discount and one checkout, at the rules of this moment, whoever holds the link."""

import asyncio
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from agentpay.agents import rules as agent_rules
from agentpay.checkout.performer import Performer
from agentpay.conversations.errors import ConversationClosed
from agentpay.kit.errors import NotFound
from agentpay.offers.errors import OfferExpired, OfferPending, OfferUnavailable
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World
from tests.offers import cast


async def test_an_accepted_price_is_paid_to_the_cent(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    checkout = await world.accept(offer_id)
    assert (checkout["status"], checkout["amount"], checkout["list_amount"]) == ("open", 8500, 9500)

    offer = await world.offer_row(offer_id)
    (discount,) = world.state.discounts
    assert (offer["status"], offer["discount_state"], str(offer["discount_id"])) == ("accepted", "live", discount.id)
    assert discount.name == f"Your offer {offer['discount_token']}"
    assert (discount.type, discount.duration, discount.max_redemptions, discount.code) == (
        "percentage",
        "once",
        1,
        None,
    )
    assert discount.product_ids == [candle.id]
    assert discount.ends_at == offer["expires_at"] + timedelta(minutes=3)
    assert checkout["expires_at"] == offer["expires_at"], "the link is worth 8500 only as long as the offer"
    made = world.polar_checkout(checkout)
    assert made.discount_id == discount.id
    assert made.metadata["agentpay_offer_id"] == str(offer_id)
    assert (made.allow_discount_codes, made.allow_trial) == (False, False)

    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["subtotal_amount"], order["discount_amount"], order["flags"]) == (9500, 1000, [])
    assert order["offer_id"] == offer_id
    assert (await world.offer_row(offer_id))["status"] == "redeemed"


async def test_the_events_of_an_accepted_offer_come_in_order(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    await world.accept(offer_id)
    assert await world.events() == [
        ("offer.updated", "accepted"),
        ("checkout.created", "creating"),
        ("conversation.updated", "active"),
        ("checkout.updated", "open"),
    ]
    events = await world.db.all("select data from events where type = 'checkout.updated'")
    assert events[0]["data"]["url"].startswith(world.url)


async def test_twenty_accepts_at_once_make_one_discount_and_one_checkout(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    rows = await asyncio.gather(*(world.accept(offer_id) for _ in range(20)))
    assert len({row["id"] for row in rows}) == 1
    assert {row["status"] for row in rows} == {"open"}
    assert (len(world.state.discounts), len(world.state.checkouts)) == (1, 1)
    assert len(world.calls("POST", "/v1/discounts/")) == len(world.calls("POST", "/v1/checkouts/")) == 1


async def test_two_processes_that_perform_at_once_make_one_checkout(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    row = await world.accept(offer_id, settle=False)
    other = Performer(world.db, world.gateway, world.appender, world.jobs)
    await asyncio.gather(
        *(
            performer.settle(organization_id=world.organization_id, checkout_id=row["id"], seconds=5)
            for performer in (world.performer, other)
        )
    )
    assert (await world.checkout(row["id"]))["status"] == "open"
    assert (len(world.state.discounts), len(world.state.checkouts)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("pending_approval", OfferPending),
        ("expired", OfferExpired),
        ("declined", OfferUnavailable),
        ("void", OfferUnavailable),
    ],
)
async def test_only_an_open_offer_can_be_accepted(world: World, status: str, refusal: type[Exception]) -> None:
    offer_id = await world.offer(await world.product(), 8500, status=status)
    with pytest.raises(refusal):
        await world.accept(offer_id)
    assert world.calls("POST", "/v1") == []


async def test_an_offer_whose_time_is_over_is_expired_though_no_sweep_has_run(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500, seconds=-1)
    with pytest.raises(OfferExpired):
        await world.accept(offer_id)


async def test_a_closed_conversation_accepts_nothing(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    await world.db.run("update conversations set status = 'closed'")
    with pytest.raises(ConversationClosed):
        await world.accept(offer_id)


async def test_another_visitors_offer_is_not_found(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    world.conversation_id = await cast.conversation(world.db, world.organization_id, world.agent.id, session="mallory")
    with pytest.raises(NotFound):
        await world.accept(offer_id)


async def test_a_redeemed_offer_gives_back_its_checkout(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    checkout = await world.accept(offer_id)
    await world.buyer(checkout).pay()
    await world.land_orders()
    again = await world.accept(offer_id)
    assert (again["id"], again["status"]) == (checkout["id"], "succeeded")
    assert len(world.state.discounts) == 1


# Other kinds of products


async def test_a_subscription_is_discounted_by_an_amount_in_one_currency(world: World) -> None:
    club = await world.product(
        "Candle club", seeding.fixed(2900), seeding.fixed(2700, "eur"), recurring_interval="month"
    )
    checkout = await world.accept(await world.offer(club, 2400))
    (discount,) = world.state.discounts
    assert (discount.type, discount.amounts) == ("fixed", {"usd": 500})
    await world.buyer(checkout).pay()
    await world.land_orders()
    assert [(row["discount_amount"], row["flags"]) for row in await world.orders()] == [(500, [])]


async def test_a_negotiated_trial_product_starts_at_once(world: World) -> None:
    club = await world.product(
        "Candle club",
        seeding.fixed(9900),
        recurring_interval="month",
        trial_interval="day",
        trial_interval_count=7,
    )
    checkout = await world.accept(await world.offer(club, 7900))
    buyer = world.buyer(checkout)
    await buyer.change(product_id=club.id)
    assert (await buyer.change(allow_trial=True)).status_code == 422
    await buyer.pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["total_amount"], order["flags"]) == (7900, [])


# What changed between the offer and its acceptance


async def test_tighter_rules_void_the_offer_and_the_visitor_is_told(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    tighter = agent_rules.parse({"max_discount_percent": 5})
    await world.db.run("update agents set rules = %(rules)s", {"rules": Jsonb(agent_rules.dump(tighter))})
    checkout = await world.accept(offer_id)
    assert (checkout["status"], checkout["reason"]) == ("failed", "rules_changed")
    offer = await world.offer_row(offer_id)
    assert (offer["status"], offer["void_reason"], offer["discount_state"]) == ("void", "rules_changed", "none")
    assert [row["content"] for row in await world.messages()] == [
        "Sorry, the offer of $85.00 for Beeswax candle is no longer valid."
    ]
    assert world.calls("POST", "/v1") == []


async def test_a_list_that_fell_below_the_offer_is_passed_on_without_a_discount(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    await world.reprice(candle, seeding.fixed(8000))
    checkout = await world.accept(offer_id)
    assert (checkout["status"], checkout["amount"]) == ("open", 8000)
    assert len(world.state.discounts) == 0
    assert "you pay $80.00 instead of $85.00" in (await world.messages())[0]["content"]
    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["total_amount"], order["below_bound"]) == (8000, False)


async def test_a_list_that_moved_voids_the_offer(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    await world.reprice(candle, seeding.fixed(9900))
    checkout = await world.accept(offer_id)
    assert (checkout["status"], checkout["reason"]) == ("failed", "price_changed")
    assert (await world.offer_row(offer_id))["status"] == "void"
    assert "checkout.price_watch" in await world.job_kinds(), "the mirror learned of it and tells who cares"


async def test_a_price_that_moves_between_our_calls_is_caught_before_the_link_is_shown(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    world.state.faults.add("delay", method="POST", path="/v1/discounts/", seconds=0.3)
    read_before = len(world.calls("GET", f"/v1/products/{candle.id}"))
    accepting = asyncio.create_task(world.accept(offer_id))
    await world.until_called("GET", f"/v1/products/{candle.id}", times=read_before + 1)
    await world.reprice(candle, seeding.fixed(9000))
    checkout = await accepting
    assert (checkout["status"], checkout["reason"], checkout["url"]) == ("failed", "price_changed", None)
    offer = await world.offer_row(offer_id)
    assert (offer["status"], offer["discount_state"]) == ("void", "revoked")
    (discount,) = world.state.discounts
    assert discount.ends_at is not None
    assert discount.ends_at < world.state.now(), "nobody can use what nobody may see"
    told = await world.db.all("select data from events where type like 'checkout%%'")
    assert all(row["data"]["url"] is None for row in told)


async def test_a_failed_offer_does_not_stand_in_the_way_of_a_new_one(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    await world.reprice(candle, seeding.fixed(9900))
    await world.accept(offer_id)
    await world.mirror(candle)
    checkout = await world.accept(await world.offer(candle, 9000))
    assert (checkout["status"], checkout["amount"]) == ("open", 9000)

"""Orders land once, in any order, whatever anything else is in; refunds, renewals and trials are what they are."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from psycopg.types.json import Jsonb

from agentpay.checkout import orders
from agentpay.checkout.public import plain
from agentpay.db.transaction import Row
from agentpay.kit.clock import utc_now
from agentpay.offers import budget, lifecycle
from agentpay.polar.types import Order
from agentpay.sandbox.polar import seeding, subscription_life
from agentpay.webhooks import handlers as webhooks
from tests.checkout.world import World

BUDGETS: list[dict[str, Any]] = [
    {"kind": "discount", "scope": "organization", "period": "month", "currency": "usd", "amount": 100_000}
]


async def land(world: World, order: Order, *, seconds_ago: float = 0, **changes: Any) -> bool:
    return await orders.land(
        world.db,
        world.appender,
        world.jobs,
        organization_id=world.organization_id,
        order=msgspec.structs.replace(order, **changes),
        seen_at=utc_now() - timedelta(seconds=seconds_ago),
    )


async def bought(world: World, amount: int | None = None) -> tuple[Row, Order]:
    """A candle is paid for at Polar; we have not heard of it yet."""
    candle = await world.product()
    checkout = await world.buy(candle) if amount is None else await world.accept(await world.offer(candle, amount))
    await world.buyer(checkout).pay()
    await world.polar_settles()
    (order,) = (await (await world.polar()).list_orders()).items
    return checkout, order


async def refund(world: World, order: Order, amount: int) -> Order:
    headers = {"Authorization": f"Bearer {world.token}", "Polar-Version": "2026-10"}
    body = {"order_id": str(order.id), "reason": "customer_request", "amount": amount}
    answer = await world.browser.post("/v1/refunds/", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    await world.polar_settles()
    return await (await world.polar()).get_order(order_id=order.id)


async def test_an_order_lands_once_however_often_it_is_told(world: World) -> None:
    _, order = await bought(world)
    await asyncio.gather(*(land(world, order) for _ in range(10)))
    assert len(await world.orders()) == len(await world.messages()) == 1
    assert [type for type, _ in await world.events()].count("order.created") == 1


@pytest.mark.parametrize("seed", range(4))
async def test_the_whole_webhook_story_in_any_order_and_twice_ends_alike(world: World, seed: int) -> None:
    checkout, order = await bought(world, 8500)
    known = await (await world.polar()).get_checkout(checkout_id=checkout["polar_checkout_id"])
    now = utc_now()
    story = [
        ("checkout.updated", plain(known) | {"status": "confirmed"}, now - timedelta(seconds=5)),
        ("order.created", plain(order) | {"status": "pending", "paid": False}, now - timedelta(seconds=4)),
        ("order.paid", plain(order), now - timedelta(seconds=3)),
        ("order.updated", plain(order), now - timedelta(seconds=2)),
        ("checkout.updated", plain(known) | {"status": "succeeded"}, now - timedelta(seconds=1)),
    ] * 2
    random.Random(seed).shuffle(story)
    handle = webhooks.handlers(world.db, world.appender, world.jobs)
    for type, data, sent_at in story:
        assert await handle[type](world.organization_id, data, sent_at)
    (row,) = await world.orders()
    assert (row["status"], row["is_paid"], row["flags"]) == ("paid", True, [])
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    assert (await world.offer_row(checkout["offer_id"]))["status"] == "redeemed"
    assert len(await world.messages()) == 1
    told = [type for type, _ in await world.events()]
    assert told.count("order.created") == 1


@pytest.mark.parametrize("first", ["order.paid", "order.created"])
async def test_the_money_may_be_heard_of_before_anything_else(world: World, first: str) -> None:
    checkout, order = await bought(world, 8500)
    handle = webhooks.handlers(world.db, world.appender, world.jobs)
    await handle[first](world.organization_id, plain(order), utc_now())
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    assert (await world.offer_row(checkout["offer_id"]))["status"] == "redeemed"


async def test_an_unpaid_order_is_kept_quiet_until_it_is_paid(world: World) -> None:
    _, order = await bought(world)
    await land(world, order, seconds_ago=10, status="pending", paid=False)
    assert await world.messages() == []
    assert [type for type, _ in await world.events() if type.startswith("order")] == []
    await land(world, order)
    assert len(await world.messages()) == 1


async def test_older_news_do_not_undo_newer_ones(world: World) -> None:
    _, order = await bought(world)
    refunded = await refund(world, order, order.net_amount)
    await land(world, refunded)
    await land(world, order, seconds_ago=60)
    (row,) = await world.orders()
    assert row["status"] == "refunded"


async def test_a_refund_is_told_with_its_tax_and_takes_nothing_back_from_the_budget(world: World) -> None:
    await world.db.run("update organizations set notify_url = 'https://acme.io/hook'")
    _, order = await bought(world, 8500)
    await land(world, order)
    part = await refund(world, order, 3000)
    await land(world, part)
    await land(world, part)
    rest = await refund(world, part, part.net_amount - 3000)
    await land(world, rest)
    (row,) = await world.orders()
    assert (row["status"], row["refunded_amount"]) == ("refunded", order.net_amount)
    assert [message["content"] for message in await world.messages()][1:] == [
        "$30.00 for Beeswax candle has been refunded.",
        "$55.00 for Beeswax candle has been refunded.",
    ]
    kinds = await world.db.all("select type from notifications order by id")
    assert [each["type"] for each in kinds] == ["offer.accepted", "order.paid", "order.refunded", "order.refunded"]
    offer = await world.offer_row(row["offer_id"])
    assert offer["status"] == "redeemed"


async def test_a_renewal_is_recorded_as_what_it_is(world: World) -> None:
    club = await world.product("Candle club", seeding.fixed(2900), recurring_interval="month")
    checkout = await world.accept(await world.offer(club, 2400))
    await world.buyer(checkout).pay()
    await world.land_orders()
    (subscription,) = world.state.subscriptions
    subscription_life.renew(world.state, subscription.id)
    await world.land_orders()
    first, renewal = await world.orders()
    assert (first["is_sale"], first["discount_amount"]) == (True, 500)
    assert (renewal["is_sale"], renewal["discount_amount"], renewal["is_paid"]) == (False, 0, True)
    assert renewal["conversation_id"] == world.conversation_id
    assert len(await world.messages()) == 1, "a renewal is no news for the conversation"
    assert (renewal["flags"], renewal["below_bound"]) == ([], False)


async def test_what_was_conceded_is_committed_as_it_really_was(world: World) -> None:
    await world.db.run("update organizations set budgets = %(b)s", {"b": Jsonb(BUDGETS)})
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    async with world.db.transaction() as tx:
        scopes = budget.scopes_of(
            organization_id=world.organization_id,
            conversation_id=world.conversation_id,
            agent_id=world.agent.id,
            visitor_key="session:sam",
        )
        await budget.reserve(
            tx,
            organization_id=world.organization_id,
            kind="discount",
            cause=lifecycle.cause_of(offer_id),
            amount=1000,
            currency="usd",
            scopes=scopes,
            budgets=budget.budgets_of(BUDGETS),
        )
    checkout = await world.accept(offer_id)
    await world.buyer(checkout).pay()
    await world.land_orders()
    await world.land_orders()
    spent = await world.db.one("select reserved, committed from budgets")
    assert spent == {"reserved": 0, "committed": 1000}


async def test_money_lands_in_an_offer_that_was_void_and_a_checkout_that_was_over(world: World) -> None:
    checkout, order = await bought(world, 8500)
    await world.db.run("update offers set status = 'void', discount_state = 'revoked'")
    await world.db.run("update checkouts set status = 'expired'")
    await land(world, order)
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    assert (await world.offer_row(checkout["offer_id"]))["status"] == "redeemed"


async def test_a_closed_conversation_still_gets_its_message(world: World) -> None:
    _, order = await bought(world)
    await world.db.run("update conversations set status = 'closed'")
    await land(world, order)
    assert len(await world.messages()) == 1


async def test_an_erased_conversation_keeps_the_row_and_hears_nothing(world: World) -> None:
    checkout, order = await bought(world, 8500)
    await world.db.run("update conversations set status = 'closed', erased_at = now(), deleted_at = now()")
    events = len(await world.events())
    await land(world, order)
    refunded = await refund(world, order, 1000)
    await land(world, refunded)
    (row,) = await world.orders()
    assert (row["status"], row["refunded_amount"]) == ("partially_refunded", 1000)
    assert await world.messages() == []
    assert len(await world.events()) == events
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"


async def test_the_words_are_in_the_conversations_language(world: World) -> None:
    _, order = await bought(world)
    await world.db.run("""update conversations set agent_state = '{"language": "pt"}'""")
    await land(world, order)
    assert (await world.messages())[0]["content"].startswith("Obrigado! Seu pagamento de $ 95,00 por Beeswax candle")


# Whose it is


async def test_orders_that_are_not_ours_are_left_alone(world: World) -> None:
    candle = await world.product()
    made = await (await world.polar()).create_checkout(product_id=UUID(candle.id), currency="usd", metadata={"a": "b"})
    await world.browser.post(
        f"/v1/checkouts/client/{made.url.rsplit('/', 1)[1]}/confirm",
        json={
            "confirmation_token_id": "ctoken_ok",
            "customer_email": "x@buyer-mail.com",
            "customer_name": "X",
            "customer_billing_address": {"country": "FR"},
        },
    )
    await world.land_orders()
    assert await world.orders() == []


async def test_metadata_alone_makes_no_sale_of_ours(world: World) -> None:
    """Any integration of the merchant can write our keys."""
    checkout, order = await bought(world)
    await land(world, order)
    forged = msgspec.structs.replace(order, id=uuid4(), checkout_id=uuid4())
    assert not await land(world, forged)
    assert len(await world.orders()) == 1
    assert (await world.checkout(checkout["id"]))["polar_checkout_id"] == order.checkout_id


async def test_an_order_of_a_checkout_whose_answer_was_lost_is_found_by_metadata(world: World) -> None:
    checkout, order = await bought(world, 8500)
    await world.db.run(
        "update checkouts set status = 'creating', polar_checkout_id = null, url = null, expires_at = null"
    )
    assert await land(world, order)
    row = await world.checkout(checkout["id"])
    assert (row["status"], row["polar_checkout_id"]) == ("succeeded", order.checkout_id)
    assert not (await world.orders())[0]["below_bound"]


async def test_another_organizations_webhook_cannot_touch_it(world: World) -> None:
    checkout, order = await bought(world)
    rival = uuid4()
    assert not await orders.land(
        world.db, world.appender, world.jobs, organization_id=rival, order=order, seen_at=utc_now()
    )
    assert (await world.checkout(checkout["id"]))["status"] == "open"


# Below the bound


async def test_an_order_below_the_bound_is_a_sale_that_is_shouted_about(world: World) -> None:
    await world.db.run("update organizations set notify_url = 'https://acme.io/hook'")
    checkout, order = await bought(world, 8500)
    await land(world, order, discount_amount=9000, total_amount=500)
    (row,) = await world.orders()
    assert row["below_bound"]
    assert {"discount_amount", "agreed"} <= set(row["flags"])
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    kinds = await world.db.all("select type, data from notifications order by id")
    assert [each["type"] for each in kinds] == ["offer.accepted", "order.paid", "order.below_bound"]
    assert kinds[-1]["data"]["flags"] == row["flags"]
    frozen = await world.db.one("select visitor_key, product_id, facts from negotiation_freezes")
    assert frozen is not None
    assert frozen["visitor_key"] == "session:sam"
    assert frozen["facts"]["order_id"] == str(row["id"])
    assert world.calls("POST", "/v1/refunds/") == [], "we never refund by ourselves"

"""What overtakes open checkouts: changed prices, time, payments that never settle, orders nobody told us about."""

from typing import Any
from uuid import UUID

import pytest

from agentpay.checkout import jobs, watch
from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.kit.clock import utc_now
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World


async def run_job(world: World, kind: str, **arguments: Any) -> None:
    handlers = jobs.handlers(world.db, world.gateway, world.appender, world.jobs, clock=utc_now)
    await handlers[kind]({"organization_id": str(world.organization_id), **arguments})


async def run_pending(world: World, kind: str) -> None:
    """Do the jobs of a kind that wait in the table."""
    rows = await world.db.all("delete from jobs where kind = %(kind)s returning arguments", {"kind": kind})
    assert rows, f"no {kind} waits"
    handlers = jobs.handlers(world.db, world.gateway, world.appender, world.jobs, clock=utc_now)
    for row in rows:
        await handlers[kind](row["arguments"])


async def poll(world: World, checkout: Row, *, is_quick: bool = False) -> float | None:
    return await watch.poll(
        world.db,
        world.gateway,
        world.appender,
        world.jobs,
        organization_id=world.organization_id,
        checkout_id=checkout["id"],
        clock=utc_now,
        is_quick=is_quick,
    )


# Prices


async def test_a_changed_price_ends_what_was_made_for_the_old_one(world: World) -> None:
    club = await world.product("Candle club", seeding.fixed(10_000), recurring_interval="month")
    other = await world.product("Other candle")
    checkout = await world.accept(await world.offer(club, 7000))
    untouched = await world.accept(await world.offer(other, 8500))
    await world.reprice(club, seeding.fixed(5000))
    await world.mirror(club)
    await run_pending(world, "checkout.price_watch")
    await run_pending(world, "checkout.revoke")
    offer = await world.offer_row(checkout["offer_id"])
    assert (offer["status"], offer["void_reason"]) == ("void", "price_changed")
    closed = await world.checkout(checkout["id"])
    assert (closed["status"], closed["reason"]) == ("expired", "price_changed")
    assert [row["content"] for row in await world.messages()] == [
        "The price of Candle club has changed, so the offer of $70.00 is no longer valid."
    ]
    await world.buyer(checkout).change(product_id=club.id)
    assert (await world.buyer(checkout).see())["net_amount"] == 5000, "list price, nothing off"
    assert (await world.checkout(untouched["id"]))["status"] == "open"


async def test_a_plain_checkout_whose_page_is_dead_is_closed_and_can_be_opened_anew(world: World) -> None:
    candle = await world.product()
    old = await world.buy(candle)
    await world.reprice(candle, seeding.fixed(9900))
    await world.mirror(candle)
    await run_pending(world, "checkout.price_watch")
    closed = await world.checkout(old["id"])
    assert (closed["status"], closed["reason"]) == ("expired", "price_changed")
    fresh = await world.buy(candle)
    assert (fresh["status"], fresh["amount"]) == ("open", 9900)


async def test_a_product_that_went_closes_its_checkouts(world: World) -> None:
    candle = await world.product()
    checkout = await world.buy(candle)
    candle.is_archived = True
    await world.mirror(candle)
    await run_pending(world, "checkout.price_watch")
    assert (await world.checkout(checkout["id"]))["status"] == "expired"


async def test_a_watch_without_a_change_closes_nothing(world: World) -> None:
    candle = await world.product()
    checkout = await world.buy(candle)
    held = await world.accept(await world.offer(candle, 8500))
    await run_job(world, "checkout.price_watch", product_ids=[candle.id])
    assert (await world.checkout(checkout["id"]))["status"] == "open"
    assert (await world.checkout(held["id"]))["status"] == "open"


# Asking, where no webhook comes


async def test_a_local_shop_without_webhooks_hears_of_the_payment_by_asking(world: World) -> None:
    checkout = await world.buy(await world.product())
    assert await poll(world, checkout) == 15
    await world.buyer(checkout).pay()
    await world.polar_settles()
    assert await poll(world, checkout) is None
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    assert len(await world.orders()) == 1
    assert len(await world.messages()) == 1


async def test_while_a_payment_settles_polar_is_asked_every_two_seconds(world: World) -> None:
    checkout = await world.buy(await world.product())
    assert await poll(world, checkout, is_quick=True) is None
    await world.buyer(checkout).pay(card="ctoken_never_1")
    assert await poll(world, checkout, is_quick=True) == 2
    await world.db.run("update checkouts set confirmed_at = now() - interval '1 min'")
    assert await poll(world, checkout, is_quick=True) is None
    assert await poll(world, checkout) == 15


async def test_nobody_asks_for_ever(world: World) -> None:
    checkout = await world.buy(await world.product())
    await world.db.run("update checkouts set watched_until = now()")
    assert await poll(world, checkout) is None


async def test_polars_trouble_only_delays_the_asking(world: World) -> None:
    checkout = await world.buy(await world.product())
    world.state.faults.add("server_error", method="GET", path="/v1/checkouts/*", times=3)
    assert await poll(world, checkout) == 15
    with pytest.raises(Later):
        await run_job(world, "checkout.poll", checkout_id=str(checkout["id"]))


# Time


async def test_checkouts_whose_time_is_over_are_closed_by_the_sweep(world: World) -> None:
    checkout = await world.buy(await world.product())
    await world.db.run("update checkouts set expires_at = now() - interval '2 min'")
    await run_job(world, "checkout.sweep")
    assert (await world.checkout(checkout["id"]))["status"] == "expired"
    await world.buyer(checkout).pay()
    await world.land_checkout(checkout)
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded", "who was quick enough has bought"


async def test_a_payment_that_never_settles_is_reported_once_and_holds_what_it_holds(world: World) -> None:
    await world.db.run("update organizations set notify_url = 'https://acme.io/hook'")
    checkout = await world.accept(await world.offer(await world.product(), 8500))
    await world.buyer(checkout).pay(card="ctoken_never_1")
    await world.land_checkout(checkout)
    await run_job(world, "checkout.sweep")
    assert (await world.checkout(checkout["id"]))["reason"] is None
    await world.db.run("update checkouts set confirmed_at = now() - interval '25 hours'")
    await run_job(world, "checkout.sweep")
    await run_job(world, "checkout.sweep")
    stuck = await world.checkout(checkout["id"])
    assert (stuck["status"], stuck["reason"]) == ("confirmed", "awaiting_payment")
    kinds = await world.db.all("select type from notifications order by id")
    assert [row["type"] for row in kinds] == ["offer.accepted", "organization.attention"]
    assert (await world.offer_row(checkout["offer_id"]))["status"] == "accepted"


async def test_stale_news_of_a_checkout_are_not_believed(world: World) -> None:
    checkout = await world.buy(await world.product())
    await world.buyer(checkout).pay(card="ctoken_never_1")
    await world.land_checkout(checkout)
    await world.db.run("update checkouts set polar_seen_at = now() + interval '1 min'")
    made = world.polar_checkout(checkout)
    made.status = "open"
    await world.land_checkout(checkout)
    assert (await world.checkout(checkout["id"]))["status"] == "confirmed"


async def test_jobs_of_rows_that_are_gone_end_quietly(world: World) -> None:
    gone = str(UUID(int=1))
    for kind, arguments in (
        ("checkout.perform", {"checkout_id": gone}),
        ("checkout.poll", {"checkout_id": gone}),
        ("checkout.look", {"checkout_id": gone}),
        ("checkout.tidy", {"checkout_id": gone}),
        ("checkout.revoke", {"offer_id": gone}),
    ):
        await run_job(world, kind, **arguments)

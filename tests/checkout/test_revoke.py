"""Taking a concession back while the buyer may be paying: our verdict is the truth, whoever was faster (OFFERS D4)."""

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from agentpay.checkout.revoke import revoke
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.offers.watch import expire_due
from agentpay.polar.errors import PolarError
from agentpay.sandbox.polar import seeding
from tests.checkout.world import World, world_of


@pytest_asyncio.fixture
async def slow_world(db: Database) -> AsyncIterator[World]:
    """Confirming takes 60 ms, in which the buyer holds the checkout's lock."""
    async with world_of(db, delay_scale=0.02, confirm_seconds=3.0) as made:
        yield made


async def revoked(world: World, offer_id: UUID, *, reason: str | None = None) -> str | None:
    return await revoke(
        world.db,
        world.gateway,
        world.appender,
        world.jobs,
        organization_id=world.organization_id,
        offer_id=offer_id,
        reason=reason,
    )


async def accepted(world: World, amount: int = 8500) -> tuple[UUID, Row]:
    offer_id = await world.offer(await world.product(), amount)
    return offer_id, await world.accept(offer_id)


async def test_a_revoked_offer_is_void_and_its_link_sells_at_list_price(world: World) -> None:
    offer_id, checkout = await accepted(world)
    assert await revoked(world, offer_id, reason="withdrawn") == "void"
    offer = await world.offer_row(offer_id)
    assert (offer["status"], offer["void_reason"], offer["discount_state"]) == ("void", "withdrawn", "revoked")
    closed = await world.checkout(checkout["id"])
    assert (closed["status"], closed["reason"]) == ("expired", "withdrawn")
    assert (await world.buyer(checkout).see())["net_amount"] == 9500

    await world.buyer(checkout).pay()
    await world.land_orders()
    (order,) = await world.orders()
    assert (order["total_amount"], order["flags"], order["below_bound"]) == (9500, [], False)
    assert (await world.checkout(checkout["id"]))["status"] == "succeeded", "money always lands"


async def test_revoking_again_changes_nothing(world: World) -> None:
    offer_id, _ = await accepted(world)
    await revoked(world, offer_id)
    calls = len(world.state.calls)
    assert await revoked(world, offer_id) is None
    assert len(world.state.calls) == calls


async def test_a_buyer_who_was_faster_keeps_the_price_and_the_budget_stays_reserved(world: World) -> None:
    offer_id, checkout = await accepted(world)
    await world.buyer(checkout).pay(card="ctoken_never_1")
    assert await revoked(world, offer_id) == "taken"
    offer = await world.offer_row(offer_id)
    assert (offer["status"], offer["discount_state"]) == ("accepted", "live")
    assert await world.messages() == []


async def test_a_late_decline_lets_the_revocation_through_after_all(world: World) -> None:
    offer_id, checkout = await accepted(world)
    await world.buyer(checkout).pay(card="ctoken_never_1")
    await world.land_checkout(checkout)
    assert await revoked(world, offer_id) == "taken"
    made = world.polar_checkout(checkout)
    made.status = "open"
    for row in list(world.state.redemptions):
        world.state.redemptions.drop(row.id)
    await world.land_checkout(checkout)
    assert (await world.checkout(checkout["id"]))["status"] == "open"
    assert "checkout.revoke" in await world.job_kinds()
    assert await revoked(world, offer_id) == "void"


async def test_the_answer_to_the_first_step_is_not_believed(slow_world: World) -> None:
    world = slow_world
    offer_id, checkout = await accepted(world)
    paying = asyncio.create_task(world.buyer(checkout).pay())
    while not world.state.locked_checkouts:  # noqa: ASYNC110 (the stand-in has no event for it)
        await asyncio.sleep(0.001)
    verdict = await revoked(world, offer_id)
    answer = await paying
    assert answer.status_code == 200
    assert verdict == "taken"
    first = next(call for call in world.state.calls if call.method == "PATCH" and "/discounts/" in call.path)
    assert first.status == 200, "Polar said yes, and the buyer got the deal all the same"


@pytest.mark.parametrize("seed", range(12))
async def test_in_every_race_the_verdict_is_the_truth(slow_world: World, seed: int) -> None:
    world = slow_world
    chance = random.Random(seed)
    offer_id, checkout = await accepted(world)

    async def pay() -> int:
        await asyncio.sleep(chance.uniform(0, 0.05))
        return (await world.buyer(checkout).pay()).status_code

    async def take_back() -> str | None:
        await asyncio.sleep(chance.uniform(0, 0.05))
        return await revoked(world, offer_id)

    _, verdict = await asyncio.gather(pay(), take_back())
    await world.land_orders()
    (order,) = await world.orders() or [None]
    got_the_deal = order is not None and order["discount_amount"] == 1000
    assert (verdict == "taken") is got_the_deal
    offer = await world.offer_row(offer_id)
    assert offer["status"] == ("redeemed" if order is not None else "void")
    assert order is None or not order["below_bound"]


async def test_polars_trouble_leaves_the_offer_as_it_is(world: World) -> None:
    offer_id, checkout = await accepted(world)
    world.state.faults.add("server_error", method="PATCH", path="/v1/checkouts/*")
    with pytest.raises(PolarError):
        await revoked(world, offer_id)
    assert (await world.offer_row(offer_id))["status"] == "accepted"
    assert (await world.checkout(checkout["id"]))["status"] == "open"
    assert await revoked(world, offer_id) == "void"


async def test_a_checkout_that_stays_locked_is_tried_later(world: World) -> None:
    offer_id, checkout = await accepted(world)
    world.state.locked_checkouts.add(str(checkout["polar_checkout_id"]))
    with pytest.raises(Later):
        await revoked(world, offer_id)


async def test_a_checkout_that_expired_unpaid_frees_its_offer(world: World) -> None:
    offer_id, checkout = await accepted(world)
    made = world.polar_checkout(checkout)
    made.status = "expired"
    await world.land_checkout(checkout)
    assert (await world.checkout(checkout["id"]))["status"] == "expired"
    assert await revoked(world, offer_id) == "void"


async def test_a_discount_the_merchant_deleted_is_revoked_by_the_checkout_alone(world: World) -> None:
    offer_id, checkout = await accepted(world)
    headers = {"Authorization": f"Bearer {world.token}", "Polar-Version": "2026-10"}
    offer = await world.offer_row(offer_id)
    await world.browser.delete(f"/v1/discounts/{offer['discount_id']}", headers=headers)
    assert await revoked(world, offer_id) == "void"
    assert world.polar_checkout(checkout).discount_id is None


async def test_an_accepted_offer_that_ran_out_is_taken_back_and_the_visitor_told(world: World) -> None:
    offer_id, checkout = await accepted(world)
    await world.db.run("update offers set expires_at = now() - interval '1 s'")
    await expire_due(world.db, world.appender, world.jobs)
    assert "checkout.revoke" in await world.job_kinds()
    assert await revoked(world, offer_id) == "void"
    assert (await world.offer_row(offer_id))["status"] == "expired"
    assert (await world.checkout(checkout["id"]))["reason"] == "offer_expired"
    assert [row["content"] for row in await world.messages()] == [
        "The offer of $85.00 for Beeswax candle has run out. The regular price is $95.00."
    ]
    assert (await world.buyer(checkout).see())["net_amount"] == 9500


async def test_a_checkout_still_being_made_is_left_to_its_performer(world: World) -> None:
    candle = await world.product()
    offer_id = await world.offer(candle, 8500)
    started = await world.accept(offer_id, settle=False)
    await world.reprice(candle, seeding.fixed(9900))
    assert await revoked(world, offer_id) is None
    settled = await world.settle(started["id"])
    assert (settled["status"], settled["reason"]) == ("failed", "price_changed")


async def test_rivals_cannot_revoke_each_others_offers(world: World) -> None:
    offer_id, _ = await accepted(world)
    rival = UUID(int=7)
    assert (
        await revoke(world.db, world.gateway, world.appender, world.jobs, organization_id=rival, offer_id=offer_id)
        is None
    )
    assert (await world.offer_row(offer_id))["status"] == "accepted"

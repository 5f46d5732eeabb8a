"""Polar has no idempotency keys: whatever gets lost, one usable discount and one checkout that anyone can reach."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from agentpay.checkout import jobs, outbox
from agentpay.checkout.perform import perform
from agentpay.checkout.public import plain
from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.kit.clock import utc_now
from agentpay.sandbox.polar import seeding
from agentpay.webhooks import handlers as webhooks
from tests.checkout.world import World

LOST = ["lost_answer", "half_answer", "reset", "bad_gateway", "hang"]


async def time_passes(world: World, seconds: float = outbox.UNKNOWN_SECONDS) -> None:
    """The database's clock moves on for the rows that wait."""
    await world.db.run(
        """update checkouts set sent_at = sent_at - make_interval(secs => %(s)s),
        next_try_at = next_try_at - make_interval(secs => %(s)s),
        created_at = created_at - make_interval(secs => %(s)s),
        lease_until = lease_until - make_interval(secs => %(s)s)""",
        {"s": seconds},
    )


async def one_attempt(world: World, checkout: Row) -> Row:
    await perform(
        world.db,
        world.gateway,
        world.appender,
        world.jobs,
        organization_id=world.organization_id,
        checkout_id=checkout["id"],
    )
    return await world.checkout(checkout["id"])


async def run_job(world: World, kind: str, **arguments: Any) -> None:
    handlers = jobs.handlers(world.db, world.gateway, world.appender, world.jobs, clock=utc_now)
    await handlers[kind]({"organization_id": str(world.organization_id), **{k: str(v) for k, v in arguments.items()}})


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("path", ["/v1/discounts/", "/v1/checkouts/"])
async def test_an_answer_that_got_lost_is_looked_for_and_not_asked_for_again(
    world: World, fault: Any, path: str
) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add(fault, method="POST", path=path, seconds=0.1)
    waiting = await one_attempt(world, started)
    assert (waiting["status"], waiting["url"]) == ("creating", None)
    assert waiting["sent_at"] is not None

    early = await one_attempt(world, started)
    assert early["status"] == "creating"
    assert len(world.calls("POST", path)) == 1, "not before Polar must be done with it"

    await time_passes(world)
    settled = await one_attempt(world, started)
    assert (settled["status"], settled["amount"]) == ("open", 8500)
    was_done = fault in ("lost_answer", "half_answer")
    assert len(world.calls("POST", path)) == (1 if was_done else 2)
    assert (len(world.state.discounts), len(world.state.checkouts)) == (1, 1)
    assert str(settled["polar_checkout_id"]) == next(iter(world.state.checkouts)).id
    assert "checkout.tidy" in await world.job_kinds()


async def test_a_list_that_falls_between_two_attempts_takes_the_discount_with_it(world: World) -> None:
    """On top of the lower price, the discount of the first attempt would go below what was agreed."""
    candle = await world.product()
    started = await world.accept(await world.offer(candle, 8500), settle=False)
    world.state.faults.add("server_error", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    await world.reprice(candle, seeding.fixed(8000))
    await time_passes(world)
    settled = await one_attempt(world, started)
    assert (settled["status"], settled["amount"], settled["discount_id"]) == ("open", 8000, None)
    assert world.polar_checkout(settled).discount_id is None
    assert "discount_id" not in world.calls("POST", "/v1/checkouts/")[-1].body
    (discount,) = world.state.discounts
    assert discount.ends_at is not None
    assert discount.ends_at < world.state.now(), "nothing usable is left behind"
    assert await world.db.value("select discount_state from offers") == "revoked"


async def test_who_waited_too_long_is_told_when_the_checkout_is_there(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    await time_passes(world)
    settled = await one_attempt(world, started)
    (message,) = await world.messages()
    assert message["content"] == "Your checkout for Beeswax candle is ready: $85.00."
    (button,) = message["attachments"]
    assert (button["type"], button["checkout_url"], button["amount"]) == ("payment_button", settled["url"], 8500)


async def test_a_webhook_finds_the_lost_checkout_within_a_second(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    (made,) = world.state.checkouts
    await webhook(world, "checkout.created", await checkout_data(world, made.id))
    adopted = await world.checkout(started["id"])
    assert (adopted["status"], str(adopted["polar_checkout_id"])) == ("open", made.id)
    assert len(world.calls("POST", "/v1/checkouts/")) == 1


async def test_a_webhook_finds_the_lost_discount_and_the_checkout_follows(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/discounts/")
    await one_attempt(world, started)
    (made,) = world.state.discounts
    known = await (await world.polar()).get_discount(discount_id=UUID(made.id))
    await webhook(world, "discount.created", to_data(known))
    settled = await one_attempt(world, started)
    assert settled["status"] == "open"
    assert len(world.state.discounts) == 1


async def test_a_webhook_does_not_interfere_with_who_has_the_answer_himself(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    await world.db.run("update checkouts set lease_until = clock_timestamp() + interval '30 s'")
    (made,) = world.state.checkouts
    await webhook(world, "checkout.created", await checkout_data(world, made.id))
    assert (await world.checkout(started["id"]))["status"] == "creating"


async def test_a_forged_checkout_is_not_adopted(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    (made,) = world.state.checkouts
    data = await checkout_data(world, made.id)
    await webhook(world, "checkout.created", {**data, "amount": 9500, "discount_amount": 9000})
    assert (await world.checkout(started["id"]))["status"] == "creating"


async def test_a_process_that_died_in_mid_call_is_followed_by_another(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("delay", method="POST", path="/v1/checkouts/", seconds=0.3)
    dying = asyncio.create_task(one_attempt(world, started))
    await world.until("select 1 from checkouts where discount_id is not null and sent_at is not null")
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    held = await one_attempt(world, started)
    assert held["status"] == "creating", "the dead one's lease still runs"
    await time_passes(world, outbox.LEASE_SECONDS + 1)
    settled = await one_attempt(world, started)
    assert (settled["status"], settled["is_uncertain"]) == ("open", True)
    assert len(world.state.discounts) == 1


async def test_a_performer_that_was_frozen_past_its_lease_writes_nothing(world: World) -> None:
    candle = await world.product()
    started = await world.buy(candle, settle=False)
    world.state.faults.add("delay", method="POST", path="/v1/checkouts/", seconds=0.3)
    frozen = asyncio.create_task(one_attempt(world, started))
    while (await world.checkout(started["id"]))["sent_at"] is None:  # noqa: ASYNC110 (a row has no event)
        await asyncio.sleep(0.005)  # it has renewed its lease for the last time before the call
    await time_passes(world, outbox.LEASE_SECONDS + 1)
    other = await one_attempt(world, started)
    assert other["status"] == "open"
    await frozen
    settled = await world.checkout(started["id"])
    assert settled["polar_checkout_id"] == other["polar_checkout_id"]
    assert [status for type, status in await world.events() if type == "checkout.updated"] == ["open"]


async def test_a_list_that_answers_500_means_unknown_never_none(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    await time_passes(world)
    world.state.faults.add("server_error", method="GET", path="/v1/checkouts/", times=3)
    waiting = await one_attempt(world, started)
    assert waiting["status"] == "creating"
    assert len(world.calls("POST", "/v1/checkouts/")) == 1
    await time_passes(world)
    assert (await one_attempt(world, started))["status"] == "open"
    assert len(world.calls("POST", "/v1/checkouts/")) == 1


async def test_refusals_that_pass_are_waited_for(world: World) -> None:
    started = await world.buy(await world.product(), settle=False)
    world.state.faults.add("rate_limited", method="POST", path="/v1/checkouts/", retry_after=60)
    waiting = await one_attempt(world, started)
    assert (waiting["status"], waiting["sent_at"]) == ("creating", None)
    await time_passes(world, 60)
    world.gateway._circuits.clear()
    assert (await one_attempt(world, started))["status"] == "open"
    assert (await world.checkout(started["id"]))["is_uncertain"] is False


async def test_polar_down_is_answered_as_creating_and_given_up_after_a_day(world: World) -> None:
    await world.db.run("update organizations set notify_url = 'https://acme.io/hook'")
    started = await world.buy(await world.product(), settle=False)
    world.state.faults.add("server_error", times=1000)
    assert (await one_attempt(world, started))["status"] == "creating"
    await world.db.run(
        "update checkouts set give_up_at = now(), next_try_at = now(), created_at = now() - interval '1 d'"
    )
    failed = await one_attempt(world, started)
    assert (failed["status"], failed["reason"]) == ("failed", "polar_unreachable")
    assert [row["content"] for row in await world.messages()] == [
        "Sorry, the checkout for Beeswax candle could not be opened. Please try again."
    ]
    assert await world.db.value("select type from notifications") == "checkout.failed"


async def test_a_refused_token_is_asked_about_slowly(world: World) -> None:
    started = await world.buy(await world.product(), settle=False)
    world.token = "polar_oat_revoked"
    world.gateway.forget(world.organization_id)
    await one_attempt(world, started)
    wait = await world.db.value("select extract(epoch from next_try_at - clock_timestamp())::float8 from checkouts")
    assert wait > outbox.REFUSED_SECONDS_MIN - 5


async def test_an_offer_that_ran_out_while_polar_was_down_is_not_sold_late(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    await world.db.run("update offers set expires_at = now() - interval '1 s'")
    failed = await one_attempt(world, started)
    assert (failed["status"], failed["reason"]) == ("failed", "offer_expired")
    assert (await world.offer_row(offer_id))["status"] == "expired"
    assert "has run out" in (await world.messages())[0]["content"]


async def test_the_closing_look_ends_what_nobody_recorded(world: World) -> None:
    offer_id = await world.offer(await world.product(), 8500)
    started = await world.accept(offer_id, settle=False)
    world.state.faults.add("lost_answer", method="POST", path="/v1/checkouts/")
    await one_attempt(world, started)
    (unseen,) = world.state.checkouts
    # The look misses it, as it would if Polar finished later than anybody thought.
    hidden = {**unseen.metadata, "agentpay_checkout_id": "elsewhere"}
    world.state.checkouts.put(type(unseen)(**{**as_fields(unseen), "metadata": hidden}))
    await time_passes(world)
    settled = await one_attempt(world, started)
    assert len(world.state.checkouts) == 2
    world.state.checkouts.put(unseen)

    await run_job(world, "checkout.tidy", checkout_id=started["id"])
    assert world.state.checkouts.get(unseen.id).discount_id is None
    assert world.polar_checkout(settled).discount_id is not None
    assert world.state.discounts.get(str(settled["discount_id"])).ends_at > world.state.now()


async def test_the_job_goes_on_where_a_process_died(world: World) -> None:
    started = await world.buy(await world.product(), settle=False)
    world.state.faults.add("reset", method="POST", path="/v1/checkouts/")
    with pytest.raises(Later) as later:
        await run_job(world, "checkout.perform", checkout_id=started["id"])
    assert later.value.seconds == pytest.approx(outbox.UNKNOWN_SECONDS, abs=1)
    await time_passes(world)
    await run_job(world, "checkout.perform", checkout_id=started["id"])
    assert (await world.checkout(started["id"]))["status"] == "open"


async def test_a_row_whose_job_was_lost_is_swept_up(world: World) -> None:
    started = await world.buy(await world.product(), settle=False)
    await world.db.run("delete from jobs")
    await world.db.run("update checkouts set next_try_at = now() - interval '1 min'")
    await run_job(world, "checkout.sweep")
    (job,) = await world.db.all("select kind, arguments from jobs")
    assert (job["kind"], job["arguments"]["checkout_id"]) == ("checkout.perform", str(started["id"]))


async def test_an_equal_purchase_waits_for_the_one_under_way(world: World) -> None:
    tip = await world.product("Tip jar", seeding.custom(minimum=300, preset=500))
    world.state.faults.add("delay", method="POST", path="/v1/checkouts/", seconds=0.2)
    first, second = await asyncio.gather(world.buy(tip, amount=700), world.buy(tip, amount=700))
    assert first["id"] == second["id"]
    assert first["status"] == second["status"] == "open"


def as_fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def to_data(value: Any) -> dict[str, Any]:
    return plain(value)


async def checkout_data(world: World, polar_checkout_id: str) -> dict[str, Any]:
    known = await (await world.polar()).get_checkout(checkout_id=UUID(polar_checkout_id))
    return to_data(known)


async def webhook(world: World, type: str, data: dict[str, Any]) -> bool:
    handle = webhooks.handlers(world.db, world.appender, world.jobs)
    return await handle[type](world.organization_id, data, utc_now())


FAULTS: list[Any] = ["lost_answer", "half_answer", "reset", "bad_gateway", "rate_limited"]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_goes_wrong_each_offer_ends_with_one_usable_discount_and_one_checkout(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    offers = [await world.offer(await world.product(f"Candle {n}"), 8500) for n in range(6)]
    rows = [await world.accept(offer_id, settle=False) for offer_id in offers]
    for _ in range(12):
        for path in ("/v1/discounts/", "/v1/checkouts/"):
            world.state.faults.add(chance.choice(FAULTS), method="POST", path=path, skip=chance.randrange(3))
        await asyncio.gather(*(one_attempt(world, row) for row in rows for _ in range(2)))
        world.gateway._circuits.clear()
        await time_passes(world, outbox.LEASE_SECONDS + 60)
    world.state.faults.clear()
    settled = [await one_attempt(world, row) for row in rows]
    assert {row["status"] for row in settled} == {"open"}
    for row in settled:
        await run_job(world, "checkout.tidy", checkout_id=row["id"])

    recorded = {str(row["discount_id"]) for row in settled}
    usable = {each.id for each in world.state.discounts if each.ends_at and each.ends_at > world.state.now()}
    assert usable == recorded
    assert len(recorded) == len(offers)
    carrying = {each.id for each in world.state.checkouts if each.discount_id is not None}
    assert carrying == {str(row["polar_checkout_id"]) for row in settled}

"""Two hours without webhooks: what they would have told is found by asking, once, and adds up to what Polar has."""

from datetime import timedelta
from uuid import UUID

import pytest

from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.kit.clock import utc_now
from agentpay.webhooks import reconcile
from tests.checkout.conftest import world
from tests.checkout.world import World

__all__ = ["world"]  # the fixture

OUTAGE = timedelta(hours=2)


async def reconciled(world: World, **bounds: int) -> int:
    return await reconcile.reconcile(
        world.db,
        world.gateway,
        world.appender,
        world.jobs,
        organization_id=world.organization_id,
        clock=utc_now,
        **bounds,
    )


async def mark(world: World, *, ago: timedelta) -> None:
    """The last time everything was read."""
    await world.db.run("update organizations set reconciled_at = %s", (utc_now() - ago,))


async def sold(world: World, *, count: int) -> list[Row]:
    checkouts = []
    for number in range(count):
        checkout = await world.buy(await world.product(f"Candle {number}"))
        assert (await world.buyer(checkout).pay()).status_code == 200
        checkouts.append(checkout)
    await world.polar_settles()
    return checkouts


async def refund(world: World, order_id: UUID, amount: int) -> None:
    headers = {"Authorization": f"Bearer {world.token}", "Polar-Version": "2026-10"}
    body = {"order_id": str(order_id), "reason": "customer_request", "amount": amount}
    answer = await world.browser.post("/v1/refunds/", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    await world.polar_settles()


async def sums(world: World) -> tuple[int, int, int]:
    rows = await world.orders()
    return len(rows), sum(row["total_amount"] for row in rows), sum(row["refunded_amount"] for row in rows)


def sums_at_polar(world: World) -> tuple[int, int, int]:
    orders = list(world.state.orders)
    return len(orders), sum(order.total_amount for order in orders), sum(order.refunded_amount for order in orders)


async def told(world: World) -> int:
    return int(await world.db.value("select count(*) from events"))


async def test_an_outage_of_two_hours_with_every_webhook_lost_is_made_up_for_once(world: World) -> None:
    """The stand-in has no endpoint here: of what follows, no webhook ever tells."""
    (known,) = await sold(world, count=1)
    await world.land_orders()  # before the outage
    (order,) = await world.orders()
    await mark(world, ago=OUTAGE)
    lost = await sold(world, count=3)
    await refund(world, order["polar_order_id"], 2000)
    await refund(world, UUID(list(world.state.orders)[-1].id), 500)
    assert await reconciled(world) > 0
    assert await sums(world) == sums_at_polar(world)
    for checkout in (known, *lost):
        assert (await world.checkout(checkout["id"]))["status"] == "succeeded"
    events = await told(world)
    await mark(world, ago=OUTAGE)
    await reconciled(world)  # and once more over the same hours
    assert await told(world) == events
    assert await sums(world) == sums_at_polar(world)


async def test_a_gap_larger_than_one_run_is_read_to_its_end(world: World) -> None:
    await sold(world, count=3)
    assert len(list(world.state.orders)) == 3
    await mark(world, ago=OUTAGE)
    with pytest.raises(Later):
        await reconciled(world, page_rows=1, pages_max=2)
    assert len(await world.orders()) == 2
    await reconciled(world, page_rows=1, pages_max=2)  # goes on from there
    assert await sums(world) == sums_at_polar(world)


async def test_while_polar_fails_the_mark_stays(world: World) -> None:
    await sold(world, count=1)
    await mark(world, ago=OUTAGE)
    before = await world.db.value("select reconciled_at from organizations")
    world.state.faults.add("bad_gateway", path="/v1/orders/", times=20)
    with pytest.raises(Later):
        await reconciled(world)
    assert await world.db.value("select reconciled_at from organizations") == before
    world.state.faults.clear()
    await reconciled(world)
    assert await sums(world) == sums_at_polar(world)
    assert await world.db.value("select reconciled_at from organizations") > before

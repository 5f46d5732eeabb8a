"""Two hours without webhooks: what they would have told is found by asking, once, and adds up to what Polar has."""

from datetime import timedelta
from uuid import UUID

import pytest

from agentpay.db.transaction import Row
from agentpay.jobs.errors import Later
from agentpay.kit.clock import utc_now
from agentpay.organizations import attention
from agentpay.organizations.scopes import SCOPES
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
    await world.db.run(
        "update organizations set reconciled_at = %(at)s, refunds_reconciled_at = %(at)s", {"at": utc_now() - ago}
    )


def lose_scope(world: World, lost: str) -> None:
    """The merchant makes a new token and forgets one."""
    kept = [scope for scope in SCOPES if scope != lost]
    world.token = world.state.add_token(world.polar_organization, kept)
    world.gateway.forget(world.organization_id)


def regain_scopes(world: World) -> None:
    world.token = world.state.add_token(world.polar_organization, SCOPES)
    world.gateway.forget(world.organization_id)


async def attention_of(world: World) -> tuple[str, str | None]:
    row = await world.db.one("select status, attention from organizations")
    assert row is not None
    return row["status"], row["attention"]


async def marks(world: World) -> Row:
    row = await world.db.one("select reconciled_at as orders, refunds_reconciled_at as refunds from organizations")
    assert row is not None
    return row


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


async def test_a_token_that_may_not_read_refunds_does_not_stop_orders(world: World) -> None:
    """What was refunded meanwhile is found once the merchant has mended the token, however late."""
    (known,) = await sold(world, count=1)
    await world.land_orders()
    await mark(world, ago=OUTAGE)
    before, scoped = await marks(world), world.token
    lose_scope(world, "refunds:read")
    await sold(world, count=1)
    await reconciled(world)
    assert len(await world.orders()) == 2
    after = await marks(world)
    assert (after["orders"] > before["orders"], after["refunds"]) == (True, before["refunds"])
    assert await attention_of(world) == ("attention", attention.REFUNDS_UNREADABLE)

    lost, world.token = world.token, scoped
    (order,) = [each for each in await world.orders() if each["checkout_id"] == known["id"]]
    await refund(world, order["polar_order_id"], 2000)
    world.token = lost
    much_later = utc_now() + OUTAGE  # both orders are old by then
    await world.db.run("update organizations set reconciled_at = %s", (much_later,))
    await reconciled(world)
    assert (await sums(world))[2] == 0
    regain_scopes(world)
    assert await reconciled(world) > 0
    assert await sums(world) == sums_at_polar(world)
    assert await attention_of(world) == ("active", None)
    assert (await marks(world))["refunds"] > before["refunds"]


async def test_a_token_that_may_not_read_orders_is_said_and_nothing_is_passed_over(world: World) -> None:
    await sold(world, count=1)
    await mark(world, ago=OUTAGE)
    before = await marks(world)
    lose_scope(world, "orders:read")
    assert await reconciled(world) == 0
    assert await marks(world) == before
    assert await attention_of(world) == ("attention", attention.ORDERS_UNREADABLE)
    regain_scopes(world)
    assert await reconciled(world) == 1
    assert await attention_of(world) == ("active", None)
    assert await sums(world) == sums_at_polar(world)


async def test_a_missing_scope_is_said_once_and_hides_nothing_graver(world: World) -> None:
    await sold(world, count=1)
    await world.db.run("update organizations set notify_url = 'http://127.0.0.1:9/'")
    lose_scope(world, "refunds:read")
    for _ in range(3):
        await reconciled(world)
    told = "select data ->> 'reason' as reason from notifications where type = 'organization.attention' order by id"
    assert [row["reason"] for row in await world.db.all(told)] == [attention.REFUNDS_UNREADABLE]
    async with world.db.transaction() as tx:
        reason = attention.PAYMENTS_NOT_READY
        await attention.need(tx, world.jobs, organization_id=world.organization_id, reason=reason)
    await reconciled(world)
    assert await attention_of(world) == ("attention", attention.PAYMENTS_NOT_READY)
    assert len(await world.db.all(told)) == 2


async def test_tokens_that_polar_refuses_do_not_keep_others_waiting(world: World) -> None:
    """More of them than one round takes: sooner or later it is everybody's turn."""
    await world.db.run(
        """insert into organizations (id, name, status, polar_environment, polar_base_url)
        select gen_random_uuid(), 'Closed Shop', 'active', 'custom', 'http://127.0.0.1:9'
        from generate_series(1, %(count)s)""",
        {"count": reconcile.DUE_MAX},
    )
    await mark(world, ago=OUTAGE)
    await world.db.run("update organizations set reconciled_at = null where id <> %s", (world.organization_id,))
    key = f"{reconcile.KIND}:{world.organization_id}"
    while not await world.db.value("select 1 from jobs where dedupe_key = %s", (key,)):
        await reconcile.reconcile_due(world.db, world.jobs)

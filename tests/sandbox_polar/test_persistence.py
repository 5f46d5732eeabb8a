"""What a file keeps between starts."""

from pathlib import Path

import msgspec

from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.state import PolarState
from tests.sandbox_polar.shop import Shop, open_shop

TABLES = (
    "organizations",
    "tokens",
    "products",
    "benefits",
    "medias",
    "custom_fields",
    "discounts",
    "redemptions",
    "checkouts",
    "customers",
    "customer_sessions",
    "orders",
    "subscriptions",
    "refunds",
    "grants",
    "endpoints",
    "webhook_events",
    "deliveries",
    "jobs",
)


def rows(state: PolarState) -> dict[str, list[object]]:
    return {name: [msgspec.to_builtins(row) for row in getattr(state, name)] for name in TABLES}


async def live(shop: Shop) -> None:
    """A life in which every table gets rows."""
    now = shop.now
    candle = shop.state.add_product(
        shop.acme,
        "Candle with all",
        benefits=[seeding.benefit(shop.acme, "Care guide", now=now)],
        pictures=["A candle"],
        prices=[seeding.fixed(9500)],
    )
    shop.state.custom_fields.put(seeding.custom_field(shop.acme, "engraving", now=now))
    club = shop.state.add_product(shop.acme, "Club", prices=[seeding.fixed(2900)], recurring_interval="month")
    body = {"url": "http://127.0.0.1:9/nobody", "format": "raw", "events": ["order.paid"]}
    await shop.call("POST", "/v1/webhooks/endpoints", body)
    order = await shop.buy(await shop.checkout(candle, discount_id=(await shop.offer(candle))["id"]))
    await shop.buy(await shop.checkout(club), email="rita@buyer-mail.com")
    await shop.call("POST", "/v1/refunds/", {"order_id": order["id"], "reason": "other", "amount": 100})
    await shop.checkout()


async def test_a_restart_finds_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "polar.sqlite3"
    async with open_shop() as shop:
        shop.state.close()
        first = PolarState(path, clock=lambda: shop.now, config=shop.state.settings)
        shop.state, shop.app.state = first, first
        shop.acme = first.add_organization("Acme Candles")
        shop.candle = first.add_product(shop.acme, prices=[seeding.fixed(9500)])
        shop.http.headers["authorization"] = f"Bearer {first.add_token(shop.acme)}"
        async with shop.app.running():
            await live(shop)
        before = rows(first)
        assert all(before[name] for name in TABLES)
        first.close()
        second = PolarState(path, clock=lambda: shop.now)
        assert rows(second) == before
        second.close()


def test_a_dropped_row_stays_dropped(tmp_path: Path) -> None:
    path = tmp_path / "polar.sqlite3"
    first = PolarState(path)
    acme = first.add_organization()
    kept, dropped = first.add_product(acme, "Kept"), first.add_product(acme, "Dropped")
    first.products.drop(dropped.id)
    first.products.put(msgspec.structs.replace(kept, name="Kept and changed"))
    first.close()
    assert [row.name for row in PolarState(path).products] == ["Kept and changed"]


def test_without_a_file_nothing_is_shared() -> None:
    one, other = PolarState(), PolarState(":memory:")
    one.add_organization()
    assert (len(one.organizations), len(other.organizations)) == (1, 0)
    assert isinstance(next(iter(one.organizations)), entities.Organization)

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agentpay.catalog import jobs as catalog_jobs
from agentpay.catalog import mirror, repository, sync
from agentpay.catalog.mirror import Change
from agentpay.catalog.sync import CatalogUnstable
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import Later
from agentpay.polar.calls import Calls
from agentpay.polar.errors import PolarError
from agentpay.sandbox.polar.seeding import custom, fixed, price
from tests.catalog.conftest import Polar, merchant, stock, watched
from tests.catalog.goods import fixed as listed
from tests.catalog.goods import goods, product_id
from tests.catalog.goods import read as as_product

Sync = Callable[[], Awaitable[Change]]


async def names(db: Database, organization_id: UUID) -> dict[str, bool]:
    rows = await db.all(
        "select name, is_sellable from products where organization_id = %(id)s", {"id": organization_id}
    )
    return {row["name"]: row["is_sellable"] for row in rows}


async def apply(db: Database, jobs: Jobs, organization_id: UUID, data: dict[str, Any], at: datetime) -> Change:
    async with db.transaction() as tx:
        return await mirror.apply_product(
            tx, jobs, organization_id=organization_id, product=as_product(data), seen_at=at
        )


async def test_a_sync_mirrors_every_product_and_tells_which_may_be_sold(
    db: Database, polar: Polar, acme: UUID, read_polar: Sync
) -> None:
    for number in range(103):
        polar.add(f"Candle {number}")
    polar.add("Old candle", is_archived=True)
    polar.add("Private deal", visibility="private")
    polar.add("Draft", visibility="draft")
    polar.add("Tip jar", prices=[custom(minimum=300, preset=500)])
    await read_polar()
    mirrored = await names(db, acme)
    assert len(mirrored) == 107
    assert [name for name, sellable in mirrored.items() if not sellable] == ["Old candle", "Private deal", "Draft"]
    organization = await db.one("select catalog_synced_at, catalog_products, capabilities from organizations")
    assert organization is not None
    assert organization["catalog_synced_at"] is not None
    assert organization["catalog_products"] == 104
    assert organization["capabilities"]["checkout_payments"] is True
    lists = [call for call in polar.state.calls if call.path == "/v1/products/"]
    assert len(lists) == 2, "pages of 100"


async def test_a_sync_that_brings_nothing_new_writes_nothing(db: Database, polar: Polar, read_polar: Sync) -> None:
    polar.add("Focus Candle")
    assert (await read_polar()).written == 1
    before = await db.all("select xmin::text, name from products")
    assert (await read_polar()).written == 0
    assert await db.all("select xmin::text, name from products") == before
    assert await watched(db) == []


async def test_a_changed_price_and_a_vanished_product_are_passed_on_to_be_acted_upon(
    db: Database, polar: Polar, read_polar: Sync
) -> None:
    dearer, gone, archived, renamed = (polar.add(name) for name in ("Dearer", "Gone", "Archived", "Renamed"))
    await read_polar()
    polar.change(dearer, prices=[price(fixed(2900), product_id=dearer.id, now=polar.state.now())])
    polar.change(archived, is_archived=True)
    polar.change(renamed, name="New name")
    polar.state.products.drop(gone.id)
    change = await read_polar()
    assert {str(each) for each in change.changed_ids} == {dearer.id}
    assert {str(each) for each in change.vanished_ids} == {gone.id, archived.id}
    assert await watched(db) == [{dearer.id, gone.id, archived.id}]


async def test_a_failing_polar_leaves_the_mirror_as_it_was(
    db: Database, jobs: Jobs, polar: Polar, acme: UUID, read_polar: Sync
) -> None:
    for number in range(101):
        polar.add(f"Candle {number}")
    await read_polar()
    polar.add("New candle")
    polar.state.faults.add("server_error", path="/v1/products/", times=9, skip=1)  # the second page, and its retries
    with pytest.raises(PolarError):
        await catalog_jobs.run_sync(db, jobs, polar.gateway, organization_id=acme)
    assert len(await names(db, acme)) == 101
    assert await db.value("select error from catalog_syncs") == "server"
    polar.state.faults.clear()
    await catalog_jobs.run_sync(db, jobs, polar.gateway, organization_id=acme)
    assert len(await names(db, acme)) == 102
    assert await db.value("select error from catalog_syncs") is None


async def test_a_refused_token_is_not_tried_again_at_once_but_looked_into(
    db: Database, jobs: Jobs, polar: Polar, acme: UUID
) -> None:
    for token in list(polar.state.tokens):
        polar.state.tokens.drop(token.id)
    await catalog_jobs.run_sync(db, jobs, polar.gateway, organization_id=acme)
    assert await db.value("select error from catalog_syncs") == "unauthorized"
    assert [row["kind"] for row in await db.all("select kind from jobs")] == ["organization.verify"]


async def test_a_full_rate_limit_is_waited_for(db: Database, jobs: Jobs, polar: Polar, acme: UUID) -> None:
    polar.state.faults.add("rate_limited", path="/v1/products/", times=9)
    with pytest.raises(Later):
        await catalog_jobs.run_sync(db, jobs, polar.gateway, organization_id=acme)


class Scripted(Calls):
    """A Polar that answers each list of products with the next of `pages` (total, products); the last one repeats."""

    def __init__(self, *pages: tuple[int, list[dict[str, Any]]]) -> None:
        self.pages = list(pages)

    async def _call(self, method: str, path: str, *, query: Any = (), body: Any = None) -> bytes:
        if path != "/v1/products/":
            raise PolarError("forbidden")
        total, items = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return msgspec.json.encode({"items": items, "pagination": {"total_count": total, "max_page": -(-total // 100)}})


async def test_a_product_that_goes_while_pages_are_read_does_not_take_another_with_it(
    db: Database, jobs: Jobs, acme: UUID
) -> None:
    candles = [goods(f"Candle {number}") for number in range(150)]
    await stock(db, jobs, acme, candles, seen_at=datetime.now(UTC) - timedelta(hours=1))
    # Candle 0 goes after the first page: what was number 101 becomes number 100, and is on neither page.
    shifted = Scripted((150, candles[:100]), (149, candles[101:]), (149, candles[1:101]), (149, candles[101:]))
    change = await sync.sync(db, jobs, shifted, organization_id=acme)
    assert change.vanished_ids == (product_id("Candle 0"),)
    restless = Scripted((150, candles[:100]), (149, candles[101:]), *[(150, candles[:100]), (149, candles[101:])] * 2)
    with pytest.raises(CatalogUnstable):
        await sync.sync(db, jobs, restless, organization_id=acme)
    assert len(await names(db, acme)) == 149


async def test_a_product_that_we_cannot_read_neither_stops_the_sync_nor_counts_as_gone(
    db: Database, jobs: Jobs, acme: UUID
) -> None:
    await stock(db, jobs, acme, [goods("Focus Candle")], seen_at=datetime.now(UTC) - timedelta(hours=1))
    odd = goods("Focus Candle") | {"prices": "on request"}
    change = await sync.sync(db, jobs, Scripted((2, [odd, goods("Calm Candle")])), organization_id=acme)
    assert change.vanished_ids == ()
    assert set(await names(db, acme)) == {"Focus Candle", "Calm Candle"}


async def test_a_webhook_that_came_during_the_read_is_not_overwritten_by_it(
    db: Database, jobs: Jobs, acme: UUID
) -> None:
    began = datetime.now(UTC)
    later = began + timedelta(seconds=1)
    await stock(db, jobs, acme, [goods("Focus Candle", listed(9500)), goods("Calm Candle")], seen_at=began)
    await apply(db, jobs, acme, goods("Focus Candle", listed(9900)), later)
    await apply(db, jobs, acme, goods("Brand new"), later)
    change = await stock(db, jobs, acme, [goods("Focus Candle", listed(9500))], seen_at=began)
    candle = await repository.get_product(db, organization_id=acme, product_id=product_id("Focus Candle"))
    assert candle.amount == 9900
    assert change.vanished_ids == (product_id("Calm Candle"),)
    assert set(await names(db, acme)) == {"Focus Candle", "Brand new"}


async def test_older_news_never_overwrite_newer_ones_in_whatever_order_they_come(
    db: Database, jobs: Jobs, acme: UUID, polar: Polar, read_polar: Sync
) -> None:
    first = datetime.now(UTC)
    second = first + timedelta(seconds=1)
    await apply(db, jobs, acme, goods("Focus Candle", listed(9900)), second)
    change = await apply(db, jobs, acme, goods("Focus Candle", listed(9500)), first)
    assert change == Change()
    candle = await repository.get_product(db, organization_id=acme, product_id=product_id("Focus Candle"))
    assert candle.amount == 9900
    await db.run("update products set seen_at = seen_at - interval '1 minute'")
    await read_polar()  # Polar has deleted it
    assert await apply(db, jobs, acme, goods("Focus Candle"), first - timedelta(minutes=1)) == Change()
    assert await names(db, acme) == {}


async def test_the_same_webhook_twice_is_taken_in_once(db: Database, jobs: Jobs, acme: UUID) -> None:
    at = datetime.now(UTC)
    await apply(db, jobs, acme, goods("Focus Candle", listed(9500)), at)
    change = await apply(db, jobs, acme, goods("Focus Candle", listed(9900)), at + timedelta(seconds=1))
    again = await apply(db, jobs, acme, goods("Focus Candle", listed(9900)), at + timedelta(seconds=1))
    assert change.changed_ids == (product_id("Focus Candle"),)
    assert again == Change()
    assert await watched(db) == [{str(product_id("Focus Candle"))}]


async def test_two_syncs_at_once_leave_one_right_mirror(
    db: Database, polar: Polar, acme: UUID, read_polar: Sync
) -> None:
    for number in range(20):
        polar.add(f"Candle {number}")
    await asyncio.gather(*(read_polar() for _ in range(4)))
    assert len(await names(db, acme)) == 20
    counted = await db.all("select word, documents from search_words where word in ('candle', '~', '17')")
    assert {row["word"]: row["documents"] for row in counted} == {"candle": 20, "~": 20, "17": 1}


async def test_words_are_counted_by_what_is_indexed_now(db: Database, jobs: Jobs, acme: UUID) -> None:
    at = datetime.now(UTC)
    await stock(db, jobs, acme, [goods("Focus Candle"), goods("Calm Candle")], seen_at=at)
    await apply(db, jobs, acme, goods("Focus Candle") | {"name": "Focus Lamp"}, at + timedelta(seconds=1))
    await stock(db, jobs, acme, [goods("Focus Candle") | {"name": "Focus Lamp"}], seen_at=at + timedelta(seconds=2))
    held = await db.all("select word, documents from search_words where word !~ '^~.'")
    indexed = await db.all(
        "select lexeme as word, count(*) as documents from product_index, unnest(search)"
        " where lexeme !~ '^~.' group by 1"
    )
    assert sorted(map(str, held)) == sorted(map(str, indexed))
    assert {row["word"] for row in held} >= {"focus", "lamp", "~"}


async def test_the_merchants_currency_stands_while_products_are_priced_in_it(
    db: Database, polar: Polar, acme: UUID, read_polar: Sync
) -> None:
    account = polar.state.organizations.get(polar.account.id)
    account.default_presentment_currency = "eur"
    polar.state.organizations.put(account)
    polar.add("Focus Candle", prices=[fixed(2800, "eur"), fixed(2900)])
    await read_polar()
    assert await db.value("select default_currency from organizations") == "usd"
    assert await db.value("select currency from products") == "usd"


async def test_polars_currency_is_taken_where_nothing_is_priced_in_the_merchants(
    db: Database, polar: Polar, acme: UUID, read_polar: Sync
) -> None:
    account = polar.state.organizations.get(polar.account.id)
    account.default_presentment_currency = "brl"
    polar.state.organizations.put(account)
    polar.add("Vela", prices=[fixed(12900, "brl"), fixed(2200, "eur")])
    await read_polar()
    assert await db.value("select default_currency from organizations") == "brl"
    assert await db.one("select currency, amount from products") == {"currency": "brl", "amount": 12900}


async def test_every_organization_is_synced_in_turn_and_none_twice_at_once(
    db: Database, jobs: Jobs, acme: UUID
) -> None:
    rival = await merchant(db, "Rival Shop")
    assert await catalog_jobs.sync_due(db, jobs) == 2
    assert await catalog_jobs.sync_due(db, jobs) == 0, "not due again before ten minutes"
    await db.run("update catalog_syncs set due_at = now()")
    assert await catalog_jobs.sync_due(db, jobs) == 2
    enqueued = await db.all("select arguments from jobs where kind = 'catalog.sync'")
    assert {row["arguments"]["organization_id"] for row in enqueued} == {str(acme), str(rival)}
    assert len(enqueued) == 2, "a sync that waits is enough"
    spread = await db.value(
        "select bool_and(due_at between now() + interval '9 min' and now() + interval '11 min') from catalog_syncs"
    )
    assert spread


async def test_a_deleted_organization_is_not_synced(db: Database, jobs: Jobs, polar: Polar, acme: UUID) -> None:
    await db.run("update organizations set deleted_at = now()")
    assert await catalog_jobs.sync_due(db, jobs) == 0
    await catalog_jobs.run_sync(db, jobs, polar.gateway, organization_id=acme)
    assert await names(db, acme) == {}

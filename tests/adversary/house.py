"""The house of the proof: one process of ours without its HTTP, a local Polar over HTTP, two merchants.

It stands for a whole session; `reset` empties it of visitors, offers and purchases and puts rules and prices back.
"""

import fnmatch
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import httpx
import msgspec
from cryptography.fernet import Fernet
from psycopg.types.json import Jsonb

from agentpay import compose, worker
from agentpay import settings as settings_module
from agentpay.agents import publish, rules, schemas
from agentpay.catalog.sync import SKEW_SECONDS, sync
from agentpay.checkout.perform import perform
from agentpay.checkout.performer import Performer
from agentpay.compose import Parts, started
from agentpay.jobs.in_process import Worker
from agentpay.kit.ids import uuid7
from agentpay.polar import bucket
from agentpay.sandbox.polar import entities, faults, seeding, signing
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.stage import ENVIRON
from agentpay.serve import configure_logging
from agentpay.webhooks.apply import DeliveryWorker
from agentpay.webhooks.inbox import Inbox
from tests.adversary.model import Adversary

COUPON: Final = "WICK10"
COUPON_BASIS_POINTS: Final = 1_000
CALLS_UNLIMITED: Final = 10**9
WEBHOOK_SECRET: Final = signing.new_secret()
RIVAL_NAME: Final = "Zephyr obelisk"

Prices = tuple[seeding.PriceFields, ...]
# Each way of pricing that OFFERS.md D1 tells apart.
GOODS: Final[tuple[tuple[str, Prices, dict[str, Any]], ...]] = (
    ("Lavender candle", (seeding.fixed(9_500),), {}),
    ("Candle club", (seeding.fixed(2_900),), {"recurring_interval": "month"}),
    ("Twin candle", (seeding.fixed(9_500), seeding.fixed(8_000, "gbp")), {}),
    ("Brass lamp", (seeding.fixed(123_457),), {}),
    ("Team plan", (seeding.seat_based((1, None, 1_000)),), {"recurring_interval": "month"}),
    ("Tip jar", (seeding.custom(minimum=300, preset=500),), {}),
    ("Workshop", (seeding.fixed(10_000), seeding.seat_based((1, None, 1_000))), {}),
    ("Trial club", (seeding.fixed(4_900),),
     {"recurring_interval": "month", "trial_interval": "week", "trial_interval_count": 1}),
)  # fmt: skip
KEPT_TABLES: Final = frozenset(
    {
        "alembic_version", "processes", "organizations", "organization_secrets", "api_keys", "agents", "agent_versions",
        "products", "product_index", "catalog_syncs", "search_words", "schedules",
    }
)  # fmt: skip


class Shop(msgspec.Struct):
    """A merchant. `products` in the order of its goods, as they are at Polar."""

    organization_id: UUID
    agent_id: UUID
    polar_organization: entities.Organization
    token: str
    products: list[entities.Product]
    original: list[list[entities.Price]]

    @property
    def product_ids(self) -> list[str]:
        return [product.id for product in self.products]


class Meddling(faults.FaultPlan):
    """A Polar at which the merchant clicks in the very moment that a call of ours comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.deeds: list[tuple[str, str, Callable[[], None]]] = []

    def when(self, method: str, path: str, deed: Callable[[], None]) -> None:
        self.deeds.append((method, path, deed))

    def take(self, method: str, path: str) -> faults.Fault | None:
        for entry in list(self.deeds):
            if entry[0] == method and fnmatch.fnmatchcase(path, entry[1]):
                self.deeds.remove(entry)
                entry[2]()
        return super().take(method, path)

    def clear(self) -> None:
        super().clear()
        self.deeds.clear()


_A_WHILE_AGO: Final = (
    "update products set seen_at = seen_at - make_interval(secs => %(seconds)s) where organization_id = %(id)s"
)


class Hasty(Performer):
    """Performs like the real one, but waits for nobody: what has to wait is done when the play lets time pass."""

    async def settle(self, *, organization_id: UUID, checkout_id: UUID, seconds: float = 0) -> None:
        await perform(
            self._db,
            self._polar,
            self._appender,
            self._jobs,
            organization_id=organization_id,
            checkout_id=checkout_id,
        )


class House(msgspec.Struct, frozen=True):
    parts: Parts
    state: PolarState
    url: str
    model: Adversary
    browser: httpx.AsyncClient
    worker: Worker
    deliveries: DeliveryWorker
    inbox: Inbox
    plan: Meddling
    acme: Shop
    rival: Shop

    @property
    def shops(self) -> tuple[Shop, Shop]:
        return self.acme, self.rival

    async def reset(self) -> None:
        """As on the first day: nobody has been here, nothing was offered or sold."""
        self.plan.clear()
        self.model.reset()
        self.state.calls.clear()
        tables: tuple[Any, ...] = (
            self.state.checkouts, self.state.redemptions, self.state.orders, self.state.subscriptions,
            self.state.customers, self.state.refunds, self.state.grants, self.state.webhook_events,
            self.state.deliveries, self.state.jobs, self.state.customer_sessions,
        )  # fmt: skip
        for table in tables:
            for row in table:
                table.drop(row.id)
        for discount in self.state.discounts:
            if discount.code is None:
                self.state.discounts.drop(discount.id)
        for shop in self.shops:
            await self._restock(shop)
        await self._empty()

    async def _restock(self, shop: Shop) -> None:
        stale = False
        for product, prices in zip(shop.products, shop.original, strict=True):
            known = self.state.products.get(product.id)
            if known.prices != prices or known.is_archived:
                self.state.products.put(msgspec.structs.replace(product, prices=list(prices), is_archived=False))
                stale = True
        if stale:
            await self.mirror(shop)

    async def mirror(self, shop: Shop) -> None:
        """A while later a sync brings our mirror up to date: what was heard in the last seconds, it would not touch."""
        await self.parts.db.run(_A_WHILE_AGO, {"id": shop.organization_id, "seconds": SKEW_SECONDS + 1})
        polar = await self.parts.polar.of(shop.organization_id, priority="sync")
        await sync(self.parts.db, self.parts.jobs, polar, organization_id=shop.organization_id)

    async def _empty(self) -> None:
        names = [row["tablename"] for row in await self.parts.db.all(_TABLES)]
        wanted = [name for name in names if name not in KEPT_TABLES]
        deletes = ", ".join(f'd{index} as (delete from "{name}")' for index, name in enumerate(wanted))
        await self.parts.db.run(f"with {deletes} select 1")

    async def set_rules(self, shop: Shop, written: dict[str, Any]) -> int:
        """The merchant's new rules, in his words; the agent's version that has them."""
        data = schemas.AgentUpdate(rules=rules.to_wire(rules.parse(written)))
        row = await publish.update_agent(
            self.parts.db, organization_id=shop.organization_id, agent_id=shop.agent_id, data=data
        )
        return row.version

    async def set_budgets(self, shop: Shop, budgets: list[dict[str, Any]]) -> None:
        await self.parts.db.run(
            "update organizations set budgets = %(budgets)s where id = %(id)s",
            {"id": shop.organization_id, "budgets": Jsonb(budgets)},
        )

    def reprice(self, shop: Shop, index: int, *prices: seeding.PriceFields) -> None:
        """The merchant changes a price in Polar's dashboard: the old one is archived, no webhook has arrived yet."""
        known, now = self.state.products.get(shop.products[index].id), self.state.now()
        archived = [msgspec.structs.replace(price, is_archived=True) for price in known.prices]
        added = [seeding.price(each, product_id=known.id, now=now, position=place) for place, each in enumerate(prices)]
        self.state.products.put(msgspec.structs.replace(known, prices=[*archived, *added]))


_TABLES: Final = "select tablename from pg_tables where schemaname = 'public'"
_ORGANIZATION: Final = """
insert into organizations (id, name, status, polar_environment, polar_base_url, allowed_origins)
values (%(id)s, %(name)s, 'active', 'custom', %(url)s, '{http://localhost:3000}')
"""


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[House]:
    """The house on a migrated, empty database."""
    model = Adversary()
    plan = Meddling()
    state = PolarState(config=for_tests())
    state.faults = plan
    settings = settings_module.read(
        {
            **ENVIRON,
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "AGENTPAY_COUPON_TRIES_PER_CONVERSATION": "50",
            "AGENTPAY_LOG_LEVEL": "error",
        }
    )
    configure_logging(settings)
    with (
        patch.object(compose, "Performer", Hasty),
        patch.dict(bucket.CALLS_PER_MINUTE, custom=CALLS_UNLIMITED),
    ):
        parts = compose.build(settings, providers={"anthropic": model})
        async with serve(state) as url, started(parts), httpx.AsyncClient(base_url=url, timeout=30) as browser:
            _keep_webhooks(state)
            acme = await _open_shop(parts, state, url, "Acme Candles", GOODS)
            rival = await _open_shop(parts, state, url, "Rival Shop", ((RIVAL_NAME, (seeding.fixed(7_731),), {}),))
            _offer_coupon(state, acme)
            jobs = Worker(parts.db, parts.doorbell, handlers=worker.job_handlers(parts), schedules={})
            deliveries = worker.delivery_worker(parts)
            inbox = Inbox(parts.db, parts.doorbell, parts.vault, clock=parts.clock)
            house = House(parts, state, url, model, browser, jobs, deliveries, inbox, plan, acme, rival)
            for shop in house.shops:
                await house.mirror(shop)
            yield house


def _keep_webhooks(state: PolarState) -> None:
    """Polar's webhooks leave nowhere: the play hands them in itself, in an order of its own."""
    runner: Any = getattr(state.settling, "__self__")  # noqa: B009 (a bound method's owner)
    runner.http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(202)))


async def _open_shop(
    parts: Parts, state: PolarState, url: str, name: str, goods: tuple[tuple[str, Prices, dict[str, Any]], ...]
) -> Shop:
    organization = state.add_organization(name)
    token = state.add_token(organization)
    products = [state.add_product(organization, each, prices=prices, **more) for each, prices, more in goods]
    organization_id = uuid7()
    await parts.db.run(_ORGANIZATION, {"id": organization_id, "name": name, "url": url})
    async with parts.db.transaction() as tx:
        await parts.vault.put(tx, organization_id=organization_id, kind="polar_token", secret=token)
        await parts.vault.put(tx, organization_id=organization_id, kind="webhook", secret=WEBHOOK_SECRET)
    agent = await publish.create_agent(
        parts.db, organization_id=organization_id, data=schemas.AgentCreate(name="Wick", agent_type="sales")
    )
    state.endpoints.put(
        entities.Endpoint(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=organization.id,
            url="http://127.0.0.1:9/",
            api_version="2026-10",
            secret=WEBHOOK_SECRET,
            events=list(WEBHOOKS),
        )
    )
    original = [list(product.prices) for product in products]
    return Shop(organization_id, agent.id, organization, token, products, original)


WEBHOOKS: Final = (
    "checkout.created", "checkout.updated", "checkout.expired", "order.created", "order.updated", "order.paid",
    "order.refunded", "product.updated", "discount.created", "subscription.created",
)  # fmt: skip


def _offer_coupon(state: PolarState, shop: Shop) -> None:
    state.discounts.put(
        entities.Discount(
            id=state.new_id(),
            created_at=state.now(),
            organization_id=shop.polar_organization.id,
            name="Ten off",
            type="percentage",
            duration="once",
            basis_points=COUPON_BASIS_POINTS,
            code=COUPON,
        )
    )

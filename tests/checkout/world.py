"""Acme Candles with its Polar beside it: the stand-in over HTTP, the mirror, Wick's rules, Sam's conversation.

Sam's offers are rows as the negotiation leaves them; his browser is `Buyer`, who holds the link and plays with it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents.repository import AgentRow
from agentpay.catalog.mirror import apply_product
from agentpay.checkout import accept, orders, progress, start
from agentpay.checkout.performer import Performer
from agentpay.conversations.append import Appender
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.clock import utc_now
from agentpay.kit.ids import new_token, uuid7
from agentpay.offers.bound import realise
from agentpay.polar.client import Credential, Polar
from agentpay.polar.gateway import PolarGateway
from agentpay.sandbox.polar import entities, seeding
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from tests.offers import cast

US = {"country": "US", "line1": "1 Main St", "city": "Austin", "postal_code": "78701", "state": "US-TX"}
_OFFER = """
insert into offers (id, organization_id, conversation_id, agent_id, agent_version, effect_key, visitor_key, product_id,
  price_id, currency, list_amount, floor_amount, amount, status, opened_at, expires_at, discount_type, basis_points,
  discount_token)
values (%(id)s, %(organization_id)s, %(conversation_id)s, %(agent_id)s, 1, %(effect_key)s, %(visitor_key)s,
  %(product_id)s, %(price_id)s, %(currency)s, %(list_amount)s, %(floor_amount)s, %(amount)s, %(status)s, now(),
  clock_timestamp() + make_interval(secs => %(seconds)s), %(type)s, %(basis_points)s, %(token)s)
"""


class World:
    """One merchant and one visitor. Deeds of ours run in this process; Polar's jobs run in the stand-in."""

    def __init__(self, db: Database, state: PolarState, url: str) -> None:
        self.db = db
        self.state = state
        self.url = url
        self.polar_organization = state.add_organization("Acme Candles")
        self.token = state.add_token(self.polar_organization)
        doorbell = Doorbell(db)
        self.jobs = Jobs(doorbell)
        self.appender = Appender(doorbell, self.jobs)
        self.gateway = PolarGateway(
            db, credentials=self._credential, verify=False
        )  # plain http: spares reading all authorities
        self.performer = Performer(db, self.gateway, self.appender, self.jobs)
        self.browser = httpx.AsyncClient(base_url=url, verify=False)
        self.organization_id: UUID
        self.agent: AgentRow
        self.conversation_id: UUID

    async def _credential(self, organization_id: UUID) -> Credential:
        return Credential(base_url=self.url, environment="custom", token=self.token)

    async def open(self, **rules: Any) -> None:
        self.organization_id = await cast.merchant(self.db)
        self.agent = await cast.agent(self.db, self.organization_id, **rules)
        self.conversation_id = await cast.conversation(self.db, self.organization_id, self.agent.id)

    async def close(self) -> None:
        await self.performer.drain(seconds=5)
        await self.browser.aclose()
        await self.gateway.close()

    # What the merchant does at Polar

    async def product(
        self, name: str = "Beeswax candle", *prices: seeding.PriceFields, **fields: Any
    ) -> entities.Product:
        """A product at Polar, known to the mirror."""
        product = self.state.add_product(
            self.polar_organization, name, prices=prices or (seeding.fixed(9500),), **fields
        )
        await self.mirror(product)
        return product

    async def mirror(self, product: entities.Product) -> None:
        """A sync brings the mirror up to date."""
        seen_at = utc_now()
        known = await (await self.polar()).get_product(product_id=UUID(product.id))
        async with self.db.transaction() as tx:
            await apply_product(tx, self.jobs, organization_id=self.organization_id, product=known, seen_at=seen_at)

    async def reprice(self, product: entities.Product, *prices: seeding.PriceFields) -> None:
        """The merchant changes the price in the dashboard; no webhook has arrived yet."""
        headers = {"Authorization": f"Bearer {self.token}", "Polar-Version": "2026-10"}
        answer = await self.browser.patch(f"/v1/products/{product.id}", json={"prices": prices}, headers=headers)
        assert answer.status_code == 200, answer.text

    async def polar(self) -> Polar:
        return await self.gateway.of(self.organization_id)

    # What Sam does in the conversation

    async def offer(
        self, product: entities.Product, amount: int, *, status: str = "open", seconds: float = 3600, floor: int = 1
    ) -> UUID:
        """A price that Wick conceded, realised as the engine does."""
        price = self.state.products.get(product.id).active_prices[0]
        listed = price.price_amount or 0
        terms = realise(listed, amount, "fixed" if product.recurring_interval else "percentage")
        assert terms is not None
        offer_id = uuid7()
        values = {
            "id": offer_id,
            "organization_id": self.organization_id,
            "conversation_id": self.conversation_id,
            "agent_id": self.agent.id,
            "effect_key": f"test:{offer_id}",
            "visitor_key": "session:sam",
            "product_id": UUID(product.id),
            "price_id": UUID(price.id),
            "currency": price.price_currency,
            "list_amount": listed,
            "floor_amount": floor,
            "amount": terms.amount,
            "status": status,
            "seconds": seconds,
            "type": terms.kind,
            "basis_points": terms.basis_points,
            "token": new_token(),
        }
        await self.db.run(_OFFER, values)
        return offer_id

    async def accept(self, offer_id: UUID, *, settle: bool = True) -> Row:
        started = await accept.accept(
            self.db,
            self.appender,
            self.jobs,
            organization_id=self.organization_id,
            conversation_id=self.conversation_id,
            offer_id=offer_id,
        )
        return await self._settled(started.checkout_id, settle=settle)

    async def buy(self, product: entities.Product, *, settle: bool = True, **wanted: Any) -> Row:
        started = await start.buy(
            self.db,
            self.gateway,
            self.appender,
            self.jobs,
            organization_id=self.organization_id,
            conversation_id=self.conversation_id,
            purchase=start.Purchase(product_id=UUID(product.id), **wanted),
            now=utc_now(),
        )
        return await self._settled(started.checkout_id, settle=settle)

    async def settle(self, checkout_id: UUID, *, seconds: float = 5) -> Row:
        await self.performer.settle(organization_id=self.organization_id, checkout_id=checkout_id, seconds=seconds)
        return await self.checkout(checkout_id)

    async def _settled(self, checkout_id: UUID, *, settle: bool) -> Row:
        return await (self.settle(checkout_id) if settle else self.checkout(checkout_id))

    def buyer(self, checkout: Row) -> "Buyer":
        return Buyer(self, checkout["url"].rsplit("/", 1)[1])

    # What Polar tells us

    async def polar_settles(self) -> None:
        """Let everything happen at Polar that is due."""
        assert self.state.settle is not None
        await self.state.settle()

    async def land_orders(self) -> None:
        """Every order of Polar's arrives, newest state, as the reconciler brings it."""
        await self.polar_settles()
        seen_at = utc_now()
        for order in reversed((await (await self.polar()).list_orders()).items):
            await orders.land(
                self.db,
                self.appender,
                self.jobs,
                organization_id=self.organization_id,
                order=order,
                seen_at=seen_at,
            )

    async def land_checkout(self, checkout: Row) -> None:
        """The checkout's state of now arrives."""
        seen_at = utc_now()
        known = await (await self.polar()).get_checkout(checkout_id=checkout["polar_checkout_id"])
        await progress.land_checkout(
            self.db,
            self.appender,
            self.jobs,
            organization_id=self.organization_id,
            checkout=known,
            seen_at=seen_at,
        )

    # What can be seen

    async def checkout(self, checkout_id: UUID) -> Row:
        row = await self.db.one("select * from checkouts where id = %(id)s", {"id": checkout_id})
        assert row is not None
        return row

    async def offer_row(self, offer_id: UUID) -> Row:
        row = await self.db.one("select * from offers where id = %(id)s", {"id": offer_id})
        assert row is not None
        return row

    async def orders(self) -> list[Row]:
        return await self.db.all("select * from orders order by polar_created_at")

    async def events(self) -> list[tuple[str, Any]]:
        """Types and states told to the conversation, in order."""
        rows = await self.db.all('select type, data from events order by "offset"')
        return [(row["type"], row["data"].get("status")) for row in rows]

    async def messages(self) -> list[Row]:
        return await self.db.all("select content, attachments from messages order by sequence")

    async def job_kinds(self) -> list[str]:
        rows = await self.db.all("select kind from jobs where status = 'pending' order by kind")
        return [row["kind"] for row in rows]

    def polar_checkout(self, checkout: Row) -> entities.Checkout:
        return self.state.checkouts.get(str(checkout["polar_checkout_id"]))

    async def until_called(self, method: str, path: str, *, times: int) -> None:
        """Wait until Polar has answered such a call `times` times."""
        while len(self.calls(method, path)) < times:  # noqa: ASYNC110 (the stand-in only keeps a list)
            await asyncio.sleep(0.005)

    async def until(self, condition: str) -> None:
        """Wait until the query finds something."""
        while await self.db.value(condition) is None:  # noqa: ASYNC110 (the condition is in the database)
            await asyncio.sleep(0.005)

    def calls(self, method: str, path: str) -> list[Any]:
        return [call for call in self.state.calls if call.method == method and call.path.startswith(path)]


class Buyer:
    """Whoever holds the checkout's link: Polar's public client endpoints, by hand."""

    def __init__(self, world: World, secret: str) -> None:
        self._world = world
        self._path = f"/v1/checkouts/client/{secret}"

    async def see(self) -> dict[str, Any]:
        answer = await self._world.browser.get(self._path)
        shown: dict[str, Any] = answer.json()
        return shown

    async def change(self, **fields: Any) -> httpx.Response:
        return await self._world.browser.patch(self._path, json=fields)

    async def pay(
        self, *, card: str = "ctoken_ok_1", email: str = "sam@buyer-mail.com", **fields: Any
    ) -> httpx.Response:
        body = {
            "confirmation_token_id": card,
            "customer_email": email,
            "customer_name": "Sam Visitor",
            "customer_billing_address": US,
            **fields,
        }
        return await self._world.browser.post(f"{self._path}/confirm", json=body)


@asynccontextmanager
async def world_of(db: Database, *, rules: Mapping[str, Any] | None = None, **settings: Any) -> AsyncIterator[World]:
    state = PolarState(config=for_tests(**settings))
    async with serve(state) as url:
        world = World(db, state, url)
        await world.open(**(rules or {"max_discount_percent": 50, "price_bounds": {"min": 0.5, "max": 1.0}}))
        try:
            yield world
        finally:
            await world.close()


def changed(row: Any, **fields: Any) -> Any:
    """A stand-in's row with some fields replaced."""
    return msgspec.structs.replace(row, **fields)


def as_json(value: Any) -> Jsonb:
    return Jsonb(value)

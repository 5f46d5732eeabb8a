"""Acme Candles beside a Polar of its own, and Rival Shop on the same database."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from agentpay.catalog import mirror, sync
from agentpay.catalog.mirror import Change
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import uuid7
from agentpay.polar.client import Credential
from agentpay.polar.gateway import PolarGateway
from agentpay.sandbox.polar import entities
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState
from tests.catalog.goods import read

_ORGANIZATION = """
insert into organizations (id, name, status, polar_environment, polar_base_url, default_currency)
values (%(id)s, %(name)s, 'active', 'custom', 'http://127.0.0.1:1', %(currency)s)
"""


async def merchant(db: Database, name: str = "Acme Candles", *, currency: str = "usd") -> UUID:
    organization_id = uuid7()
    await db.run(_ORGANIZATION, {"id": organization_id, "name": name, "currency": currency})
    return organization_id


async def stock(
    db: Database,
    jobs: Jobs,
    organization_id: UUID,
    products: Iterable[dict[str, Any]],
    *,
    seen_at: datetime | None = None,
) -> Change:
    """Fill the mirror with Polar's JSON, as a sync would."""
    rows = [mirror.row_of(read(data), default_currency="usd") for data in products]
    async with db.transaction() as tx:
        return await mirror.replace_all(
            tx, jobs, organization_id=organization_id, rows=rows, seen_at=seen_at or datetime.now(UTC)
        )


async def watched(db: Database) -> list[set[str]]:
    """Product ids of the price watches that were enqueued, job by job."""
    rows = await db.all("select arguments from jobs where kind = 'checkout.price_watch' order by created_at, id")
    return [set(row["arguments"]["product_ids"]) for row in rows]


@pytest.fixture
def jobs(db: Database) -> Jobs:
    return Jobs(Doorbell(db))


@pytest_asyncio.fixture
async def acme(db: Database) -> UUID:
    return await merchant(db)


class Polar:
    """Acme's account at a stand-in for Polar, reached over HTTP by the real client."""

    def __init__(self, state: PolarState, account: entities.Organization, gateway: PolarGateway) -> None:
        self.state = state
        self.account = account
        self.gateway = gateway

    def add(self, name: str, **fields: Any) -> entities.Product:
        return self.state.add_product(self.account, name, **fields)

    def change(self, product: entities.Product, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(product, name, value)
        self.state.products.put(product)


@pytest_asyncio.fixture
async def polar(db: Database) -> AsyncIterator[Polar]:
    state = PolarState()
    account = state.add_organization("Acme Candles")
    token = state.add_token(account)
    async with serve(state) as url:

        async def credentials(_: UUID) -> Credential:
            return Credential(base_url=url, environment="custom", token=token)

        gateway = PolarGateway(db, credentials=credentials)
        yield Polar(state, account, gateway)
        await gateway.close()


@pytest.fixture
def read_polar(db: Database, jobs: Jobs, polar: Polar, acme: UUID) -> Callable[[], Any]:
    """Sync Acme's catalogue once."""

    async def run() -> Change:
        return await sync.sync(db, jobs, await polar.gateway.of(acme, priority="sync"), organization_id=acme)

    return run

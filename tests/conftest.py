"""One embedded PostgreSQL per test process, one migrated database; each test starts with empty tables."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.sandbox.postgres import throw_away
from agentpay.serve import Running, running
from agentpay.settings import read
from tests.cast import ADMIN_KEY, ENCRYPTION_KEY, Shop, open_shop
from tests.cluster.fixtures import built  # noqa: F401 (a fixture)
from tests.databases import own_database

EMPTY_TRIES = 10
PROOFS = ("adversary", "cluster", "crash", "evaluation", "outages")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of the proofs are a group of their own: `run.py test -m proof`."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in PROOFS:
            item.add_marker(pytest.mark.proof)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live as long as the process: the garbage collector need not look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A libpq URL of a migrated database on a throw-away server."""
    with throw_away() as url:
        yield url


@pytest_asyncio.fixture(scope="session")
async def open_database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def quiet_database_url(database_url: str) -> str:
    """A second database that no service of this session works in: for tests that run a worker of their own."""
    return own_database(database_url, "quiet")


@pytest_asyncio.fixture(scope="session")
async def quiet_database(quiet_database_url: str) -> AsyncIterator[Database]:
    database = Database(quiet_database_url)
    await database.open()
    yield database
    await database.close()


@pytest_asyncio.fixture
async def db(open_database: Database) -> AsyncIterator[Database]:
    """The database, emptied after the test. Tests commit for real: rollback fixtures break once two tasks share one."""
    yield open_database
    await empty(open_database)


async def empty(database: Database) -> None:
    tables = await database.all(
        "select tablename from pg_tables where schemaname = 'public'"
        " and tablename not in ('alembic_version', 'processes')"
    )
    # One statement: foreign keys are checked at its end, so the order of tables does not matter.
    parts = ", ".join(f'd{i} as (delete from "{row["tablename"]}")' for i, row in enumerate(tables))
    for attempt in range(EMPTY_TRIES):
        try:
            await database.run(f"with {parts} select 1")
        except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
            # The service's own worker was writing at that moment: it, or we, come again.
            if attempt == EMPTY_TRIES - 1:
                raise
        else:
            return


@pytest_asyncio.fixture(scope="session")
async def service(database_url: str) -> AsyncIterator[Running]:
    """The real service over HTTP: web and worker in one process, no limits that tests would hit by accident."""
    settings = read(
        {
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "AGENTPAY_ADMIN_KEYS": ADMIN_KEY,
            "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "true",
            "AGENTPAY_DRAIN_SECONDS": "1",
            "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": "100000",
            "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": "1000",
            "AGENTPAY_STREAMS_PER_ADDRESS": "1000",
            "AGENTPAY_LOG_LEVEL": "error",
        }
    )
    async with running(settings, with_worker=True) as server:
        yield server


@pytest_asyncio.fixture
async def acme(service: Running, db: Database) -> AsyncIterator[Shop]:
    """Acme Candles, a merchant with one sales agent, Wick; not connected to any Polar."""
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as http:
        yield await open_shop(service, http, name="Acme Candles")


@pytest_asyncio.fixture
async def rival(service: Running, db: Database) -> AsyncIterator[Shop]:
    """Rival Shop, another merchant of the same service: must see nothing of Acme's."""
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as http:
        yield await open_shop(service, http, name="Rival Shop")

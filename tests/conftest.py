"""One embedded PostgreSQL per test process, one migrated database; each test starts with empty tables."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from agentpay.db import migrate
from agentpay.db.engine import Database
from agentpay.sandbox.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A libpq URL of a migrated database on a throw-away server."""
    home = Path(tempfile.mkdtemp(prefix="agentpay-test-"))
    home.chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
    server = EmbeddedPostgres(home, fast=True)
    url = server.start()
    migrate.upgrade(url)
    yield url
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest_asyncio.fixture(scope="session")
async def open_database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
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
        "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
    )
    # One statement: foreign keys are checked at its end, so the order of tables does not matter.
    parts = ", ".join(f'd{i} as (delete from "{row["tablename"]}")' for i, row in enumerate(tables))
    await database.run(f"with {parts} select 1")

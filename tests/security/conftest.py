"""Two merchants beside one Polar, both with everything a merchant can have; what the service logs."""

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
import structlog

from agentpay.db.engine import Database
from agentpay.sandbox.stage import Stage, staged
from tests.cast import ENCRYPTION_KEY
from tests.conftest import empty
from tests.security.world import House, open_house


@pytest_asyncio.fixture(scope="package")
async def theatre(database_url: str) -> AsyncIterator[Stage]:
    """Gone after this package: its worker would take the jobs that other packages' tests run by hand."""
    async with staged(database_url, providers={}, environ={"AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY}) as found:
        yield found


@pytest_asyncio.fixture(scope="module")
async def acme(theatre: Stage, open_database: Database) -> AsyncIterator[House]:
    """Acme Candles: Sam haggled, bought and paid; Wick sells, an article explains. One for all tests of a module."""
    yield await open_house(theatre, name="Acme Candles")
    await empty(open_database)


@pytest_asyncio.fixture(scope="module")
async def rival(theatre: Stage, acme: House) -> House:
    """Rival Shop, who must see nothing of Acme's and whose own things are just as real."""
    return await open_house(theatre, name="Rival Shop")


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, down to debug, as it would be written."""
    kept = structlog.get_config()
    written = io.StringIO()
    structlog.configure(
        **{
            **kept,
            "wrapper_class": structlog.make_filtering_bound_logger(0),
            "logger_factory": structlog.PrintLoggerFactory(written),
        }
    )
    yield written
    structlog.configure(**kept)


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    with listening() as written:
        yield written

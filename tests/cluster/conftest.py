"""One cluster a test process, on a database of its own; each test finds all four processes running."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.cast import Shop
from tests.cluster.cluster import Cluster, clustered, own_database
from tests.conftest import empty


@pytest_asyncio.fixture(scope="session")
async def built(database_url: str) -> AsyncIterator[Cluster]:
    with own_database(database_url, "cluster") as url:
        async with clustered(url) as cluster:
            yield cluster


@pytest_asyncio.fixture
async def cluster(built: Cluster) -> AsyncIterator[Cluster]:
    await built.heal()
    yield built
    await empty(built.db)


@pytest_asyncio.fixture
async def acme(cluster: Cluster) -> AsyncIterator[Shop]:
    """Acme Candles, at the first replica."""
    async with cluster.client("web-1") as http:
        yield await cluster.shop(http)


@pytest_asyncio.fixture
async def second(cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
    """The way to the other replica."""
    async with cluster.client("web-2") as http:
        yield http

"""Each test finds all four processes of the cluster running, and a merchant."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.cast import Shop
from tests.cluster.cluster import Cluster
from tests.conftest import empty


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

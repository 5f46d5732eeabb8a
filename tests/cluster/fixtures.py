"""One cluster a test process, on a database of its own, shared by all tests that break processes."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.cluster.cluster import Cluster, clustered
from tests.databases import own_database


@pytest_asyncio.fixture(scope="session")
async def built(database_url: str) -> AsyncIterator[Cluster]:
    async with clustered(own_database(database_url, "cluster")) as cluster:
        yield cluster

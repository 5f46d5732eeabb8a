from collections.abc import AsyncIterator

import pytest_asyncio

from agentpay.db.engine import Database
from tests.checkout.world import World, world_of


@pytest_asyncio.fixture
async def world(db: Database) -> AsyncIterator[World]:
    async with world_of(db) as made:
        yield made

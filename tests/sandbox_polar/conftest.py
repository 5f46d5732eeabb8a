"""An open shop per test."""

from collections.abc import AsyncIterator

import pytest

from tests.sandbox_polar.shop import Shop, open_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened

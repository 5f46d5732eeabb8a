import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.dev.process import Ended, agentpay

Operator = Callable[..., Awaitable[Ended]]


@pytest.fixture
def operator(database_url: str) -> Operator:
    """Types a command, with no more settings than the database's."""

    async def types(*arguments: str, **environ: str) -> Ended:
        return await asyncio.to_thread(agentpay, *arguments, env={"AGENTPAY_DATABASE_URL": database_url, **environ})

    return types

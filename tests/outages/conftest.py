"""A PostgreSQL of one's own that may be stopped and started, and AgentPay on it, web and worker in one process."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from agentpay.db import migrate
from agentpay.sandbox.postgres import EmbeddedPostgres
from agentpay.sandbox.serving import free_port
from agentpay.sandbox.stage import Stage, staged
from tests.conftest import empty

POOL_MAX = 4


@pytest.fixture(scope="session")
def mortal() -> Iterator[EmbeddedPostgres]:
    """A server on a port, so that it is found again under the same address."""
    with tempfile.TemporaryDirectory(prefix="agentpay-outages-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
        server = EmbeddedPostgres(home, port=free_port(), fast=True)
        migrate.upgrade(server.start())
        yield server
        server.stop()


@pytest_asyncio.fixture(scope="session")
async def stage(mortal: EmbeddedPostgres) -> AsyncIterator[Stage]:
    """AgentPay with a small pool on the mortal server, a local Polar beside it."""
    async with staged(mortal.url, environ={"AGENTPAY_POOL_MAX": str(POOL_MAX)}) as made:
        yield made


async def emptied(stage: Stage) -> None:
    """Nothing of the tests before is there."""
    await empty(stage.service.parts.db)

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from agentpay.db.engine import Database
from tests.conftest import empty
from tests.jobs.bench import Bench
from tests.jobs.redis_server import RedisServer


@pytest_asyncio.fixture
async def db(quiet_database: Database) -> AsyncIterator[Database]:
    """Nobody else's worker takes the jobs of these tests."""
    yield quiet_database
    await empty(quiet_database)


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """One that this test may break."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(params=["in_process", "arq"])
def bench(request: pytest.FixtureRequest, db: Database) -> Iterator[Bench]:
    """With arq, only what Redis tells is run: the safety net beside it waits for ever."""
    if request.param == "in_process":
        yield Bench(db)
        return
    server: RedisServer = request.getfixturevalue("shared_redis")
    yield Bench(db, server.url)
    server.command("FLUSHALL")

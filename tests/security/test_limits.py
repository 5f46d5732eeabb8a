"""The rates of API § 10 hold across replicas: two web processes on one database count together."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest_asyncio

from agentpay.db.engine import Database
from agentpay.serve import running
from agentpay.settings import read
from tests.cast import ADMIN_KEY, ENCRYPTION_KEY, Shop, open_shop, visitor_of
from tests.conftest import empty

LIMIT = 6
PROXY = "127.0.0.1"


@pytest_asyncio.fixture(autouse=True)
async def fresh(open_database: Database) -> None:
    await open_database.run("delete from rate_windows")


@pytest_asyncio.fixture(scope="module")
async def replicas(database_url: str, open_database: Database) -> AsyncIterator[tuple[Shop, Shop]]:
    """Acme Candles as it is reached by either of two replicas, both with small limits."""
    settings = read(
        {
            "AGENTPAY_DATABASE_URL": database_url,
            "AGENTPAY_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "AGENTPAY_ADMIN_KEYS": ADMIN_KEY,
            "AGENTPAY_ALLOW_PRIVATE_ADDRESSES": "true",
            "AGENTPAY_DRAIN_SECONDS": "1",
            "AGENTPAY_TRUSTED_PROXIES": PROXY,
            "AGENTPAY_STARTS_PER_ADDRESS_PER_MINUTE": str(LIMIT),
            "AGENTPAY_STARTS_PER_KEY_PER_MINUTE": str(2 * LIMIT),
            "AGENTPAY_MESSAGES_PER_CONVERSATION_PER_MINUTE": str(LIMIT),
            "AGENTPAY_MESSAGES_PER_CONVERSATION": str(LIMIT + 2),
            "AGENTPAY_SECRET_KEY_REQUESTS_PER_MINUTE": str(3 * LIMIT),
            "AGENTPAY_LOG_LEVEL": "error",
        }
    )
    async with (
        running(settings) as first,
        running(settings) as second,
        httpx.AsyncClient(base_url=first.url, timeout=30) as to_first,
        httpx.AsyncClient(base_url=second.url, timeout=30) as to_second,
    ):
        shop = await open_shop(first, to_first, name="Acme Candles")
        twin = Shop(second, to_second, shop.organization_id, shop.secret_key, shop.publishable_key, shop.agent)
        yield shop, twin
    await empty(open_database)


Ask = Callable[[Shop], Awaitable[httpx.Response]]


async def admitted(replicas: tuple[Shop, Shop], ask: Ask, *, limit: int, windows: int = 1) -> None:
    """Ask by turns until refused: exactly `limit` get through, and the refusal says when to come back.

    A minute that ends in between begins a new count: then we look again, with nothing counted, in the new one.
    """
    answers = [await ask(replicas[turn % 2]) for turn in range(limit + 3)]
    passed = [answer for answer in answers if answer.status_code != 429]
    refused = [answer for answer in answers if answer.status_code == 429]
    if len(passed) != limit and windows:
        await replicas[0].service.parts.db.run("delete from rate_windows")
        await admitted(replicas, ask, limit=limit, windows=windows - 1)
        return
    assert len(passed) == limit, [answer.status_code for answer in answers]
    for answer in refused:
        assert answer.json()["error"] == "TooManyRequests"
        assert 1 <= int(answer.headers["retry-after"]) <= 60


def start(address: str) -> Ask:
    async def ask(shop: Shop) -> httpx.Response:
        headers = {**shop.page, "X-Forwarded-For": address}
        return await shop.http.post("/v1/agent/conversations", json={}, headers=headers)

    return ask


async def test_starts_are_counted_by_address_whichever_replica_is_asked(replicas: tuple[Shop, Shop]) -> None:
    await admitted(replicas, start("203.0.113.7"), limit=LIMIT)


async def test_an_address_is_what_the_trusted_proxy_saw(replicas: tuple[Shop, Shop]) -> None:
    """What the visitor writes in front of it buys no new count; IPv6 neighbours share one."""
    numbers = iter(range(100))

    async def ask(shop: Shop) -> httpx.Response:
        return await start(f"198.51.100.{next(numbers)}, 2001:db8:0:1::{next(numbers)}")(shop)

    await admitted(replicas, ask, limit=LIMIT)


async def test_starts_are_counted_by_key_however_many_addresses_there_are(replicas: tuple[Shop, Shop]) -> None:
    numbers = iter(range(1, 200))

    async def ask(shop: Shop) -> httpx.Response:
        return await start(f"198.51.100.{next(numbers)}")(shop)

    await admitted(replicas, ask, limit=2 * LIMIT)


async def test_messages_are_counted_by_conversation(replicas: tuple[Shop, Shop]) -> None:
    acme, twin = replicas
    sam = await acme.visitor()

    async def ask(shop: Shop) -> httpx.Response:
        same = visitor_of(shop.http, {"conversation": sam.conversation, "token": sam.token, "messages": [],
                                      "last_event_id": sam.last_event_id})  # fmt: skip
        return await same.post("/messages", {"content": "hi"}, headers={"Prefer": "respond-async"})

    await admitted(replicas, ask, limit=LIMIT, windows=0)
    await acme.service.parts.db.run("delete from rate_windows")
    answers = [await ask((acme, twin)[turn % 2]) for turn in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 409]
    assert answers[-1].json()["error"] == "ConversationFull"


async def test_a_secret_key_is_counted_too(replicas: tuple[Shop, Shop]) -> None:
    async def ask(shop: Shop) -> httpx.Response:
        return await shop.get("/v1/agents")

    await admitted(replicas, ask, limit=3 * LIMIT)

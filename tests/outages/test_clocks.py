"""Two processes whose clocks are ten seconds apart, on one database: who is right does not matter.

Leases, due times, expiry and rate windows are the database's; a process's own clock only checks signatures of Polar's
and of merchants (both of them minutes wide) and says how new what it asked Polar for is.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest_asyncio

from agentpay.kit.clock import Clock, utc_now
from agentpay.sandbox import stage as stages
from agentpay.sandbox.postgres import EmbeddedPostgres
from agentpay.sandbox.stage import Stage
from agentpay.serve import Running, running
from agentpay.settings import read
from tests.cast import Shop, Visitor
from tests.outages.conftest import emptied
from tests.outages.shop import opened
from tests.turns.conftest import pay
from tests.webhooks.test_inbox import deliver

OFF = timedelta(seconds=5)


def off_by(offset: timedelta) -> Clock:
    return lambda: utc_now() + offset


@pytest_asyncio.fixture
async def replicas(stage: Stage, mortal: EmbeddedPostgres) -> AsyncIterator[tuple[Running, Running]]:
    """One process that is 5 s behind and one that is 5 s ahead, each a web with its worker, beside the stage's own."""
    await emptied(stage)
    key = stage.service.parts.settings.encryption_keys[0]
    environ = {**stages.ENVIRON, "AGENTPAY_DATABASE_URL": mortal.url, "AGENTPAY_ENCRYPTION_KEYS": key}
    async with AsyncExitStack() as stack:
        behind, ahead = [
            await stack.enter_async_context(running(read(environ), with_worker=True, clock=off_by(offset)))
            for offset in (-OFF, OFF)
        ]
        yield behind, ahead


async def at(stack: AsyncExitStack, server: Running) -> httpx.AsyncClient:
    return await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False))


async def test_a_sale_over_both_ends_as_over_one(stage: Stage, replicas: tuple[Running, Running]) -> None:
    acme = await opened(stage)
    async with AsyncExitStack() as stack:
        behind, ahead = [await at(stack, server) for server in replicas]
        sam = await acme.visitor(ahead)
        elsewhere = Visitor(behind, sam.conversation, sam.token, sam.messages, sam.last_event_id)
        await sam.say("tell me about the lavender candle")
        haggled = await elsewhere.say("any discount?")
        (offer,) = [each for each in haggled["reply"]["attachments"] if each["type"] == "offer"]
        accepted = await sam.post(f"/offers/{offer['offer_id']}/accept")
        assert accepted.status_code == 201, accepted.text
        async with elsewhere.stream(last_event_id=sam.last_event_id) as stream:
            await pay(stage, accepted.json()["url"])
            await stream.until("order.created", status="paid")
        (order,) = (await acme.get("/v1/orders")).json()["items"]
        await refund(stage, order["order_id"])
        async with sam.stream(last_event_id=sam.last_event_id) as stream:
            await stream.until("order.updated", status="partially_refunded")
        await pages_are_whole(sam, elsewhere)
    db = stage.service.parts.db
    assert await db.value("select count(*) from orders") == 1
    assert await db.value("select count(*) from turns where status <> 'completed'") == 0
    assert await db.value("select max(attempt) from turns") == 1  # nobody took a living one's turn


async def refund(stage: Stage, order_id: str) -> None:
    *_, organization = stage.polar.organizations  # Acme's: the newest
    headers = {"Authorization": f"Bearer {stage.polar.add_token(organization)}", "Polar-Version": "2026-10"}
    body = {"order_id": order_id, "reason": "customer_request", "amount": 500}
    answer = await stage.http.post(f"{stage.polar_url}/v1/refunds/", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def pages_are_whole(*replicas: Visitor) -> None:
    """Page by page, asked here and there in turns, each message comes once."""
    whole = (await replicas[0].get("/messages")).json()["items"]
    found: list[str] = []
    cursor, turn = None, 0
    while turn == 0 or cursor is not None:
        params = {"limit": 2, **({"before": cursor} if cursor else {})}
        page = (await replicas[turn % len(replicas)].get("/messages", params=params)).json()
        found += [item["id"] for item in page["items"]]
        cursor, turn = page["next_cursor"], turn + 1
    assert len(set(found)) == len(found)
    assert set(found) == {item["id"] for item in whole}


async def test_both_take_genuine_webhooks_and_an_expired_offer_is_expired_at_both(
    stage: Stage, replicas: tuple[Running, Running]
) -> None:
    acme = await opened(stage)
    secret = next(each.secret for each in stage.polar.endpoints if str(acme.organization_id) in each.url)
    async with AsyncExitStack() as stack:
        both = [await at(stack, server) for server in replicas]
        for http in both:
            shop = Shop(stage.service, http, acme.organization_id, acme.secret_key, acme.publishable_key, acme.agent)
            assert (await deliver(shop, secret)).status_code == 202
        sam = await acme.visitor(both[0])
        await sam.say("tell me about the lavender candle")
        haggled = await sam.say("any discount?")
        (offer,) = [each for each in haggled["reply"]["attachments"] if each["type"] == "offer"]
        await stage.service.parts.db.run("update offers set expires_at = now()")
        for http in both:
            visitor = Visitor(http, sam.conversation, sam.token, sam.messages, sam.last_event_id)
            refused = await visitor.post(f"/offers/{offer['offer_id']}/accept")
            assert (refused.status_code, refused.json()["error"]) == (409, "OfferExpired")

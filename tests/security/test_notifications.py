"""Telling merchants blocks nobody, and goes where it was checked to go (the rest: tests/organizations/test_notify)."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from agentpay import egress
from agentpay.db.engine import Database
from agentpay.doctor.merchants import look_at_desk
from agentpay.egress import Egress, EgressBusy, EgressError
from agentpay.sandbox.stage import Stage
from tests.cast import Shop
from tests.organizations.conftest import Inbox
from tests.security.world import open_door

HANGING = 10  # more than a worker runs at a time
TOLD_SECONDS_MAX = 12.0  # less than one call to a server that hangs may take


@pytest_asyncio.fixture
async def hanging() -> AsyncIterator[str]:
    """A server that takes connections and never says anything."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    listener = await asyncio.start_server(serve, "localhost", 0)
    async with listener:
        # By another name than the quick one: calls are counted by host.
        yield f"http://localhost:{listener.sockets[0].getsockname()[1]}/"
        over.set()


@pytest_asyncio.fixture
async def quick() -> AsyncIterator[Inbox]:
    made = Inbox()
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener:
        yield made


async def ask_for_a_person(shop: Shop) -> None:
    sam = await shop.visitor()
    async with asyncio.timeout(TOLD_SECONDS_MAX):
        assert (await sam.post("/handoff", {"action": "request", "reason": "A question."})).status_code == 200


async def test_a_merchants_server_that_hangs_holds_nobody_up(
    theatre: Stage, db: Database, hanging: str, quick: Inbox
) -> None:
    """Neither the visitor who asks, nor the jobs of others, wait for it."""
    acme = await open_door(theatre, name="Acme Candles", notify_url=hanging)
    rival = await open_door(theatre, name="Rival Shop", notify_url=quick.url)
    for _ in range(HANGING):
        await ask_for_a_person(acme.shop)
    await ask_for_a_person(rival.shop)
    async with asyncio.timeout(TOLD_SECONDS_MAX):
        while not quick.received:  # noqa: ASYNC110 (the inbox only keeps a list)
            await asyncio.sleep(0.01)
    (_, body), *_ = quick.received
    assert b'"handoff.asked"' in body


async def test_calls_to_one_host_are_few_at_a_time(hanging: str) -> None:
    client = Egress(allow_private=True)
    calls = [
        asyncio.create_task(client.post(hanging, body=b"{}", headers={})) for _ in range(egress.CALLS_PER_HOST_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(EgressBusy):
        await client.post(hanging, body=b"{}", headers={})
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    with pytest.raises(EgressError) as caught:  # the places are free again
        await client.post("http://localhost:1/", body=b"{}", headers={})
    assert not isinstance(caught.value, EgressBusy)
    await client.close()


async def test_a_name_that_changes_its_mind_is_asked_once_a_call(quick: Inbox) -> None:
    """DNS rebinding: what was checked is what is called, whatever the name says a moment later."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    client = Egress(allow_private=True, resolve=resolve)
    port = quick.url.rpartition(":")[2]
    reply = await client.post(f"http://hooks.acme.example:{port}", body=b"{}", headers={})
    await client.close()
    assert (reply.status, asked) == (204, ["hooks.acme.example"])
    assert len(quick.received) == 1


async def test_what_was_given_up_is_shown_to_the_operator(theatre: Stage, db: Database) -> None:
    acme = await open_door(theatre, name="Acme Candles", notify_url="http://127.0.0.1:1/")
    await open_door(theatre, name="Rival Shop", notify_url="http://127.0.0.1:1/")
    await ask_for_a_person(acme.shop)
    await db.run("update notifications set status = 'parked', error = 'HTTP 500'")
    parts = theatre.service.parts
    rows = await parts.db.all("select id, name, status, attention, catalog_synced_at from organizations order by id")
    found = [finding for row in rows async for finding in look_at_desk(parts.db, row)]
    assert [(each.name, each.detail) for each in found if "given up" in each.detail] == [
        ("Acme Candles", "1 notifications were given up: its notify_url took none")
    ]

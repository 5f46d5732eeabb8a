"""Webhooks at the front door: verified, stored once, answered, applied later; poison parks and blocks nobody."""

import asyncio
import json
from collections import deque
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from standardwebhooks import Webhook

from agentpay.kit.errors import NotAllowed
from agentpay.kit.ids import uuid7
from agentpay.organizations.secrets import Vault, new_notify_secret
from agentpay.webhooks import apply, inbox
from agentpay.webhooks.apply import DeliveryWorker
from agentpay.webhooks.inbox import Inbox
from agentpay.webhooks.repository import ClaimedDelivery
from tests.cast import Shop


async def with_secret(shop: Shop) -> str:
    secret = new_notify_secret()  # of the same form as Polar's
    async with shop.service.parts.db.transaction() as tx:
        await shop.service.parts.vault.put(tx, organization_id=shop.organization_id, kind="webhook", secret=secret)
    return secret


async def deliver(
    shop: Shop, secret: str, *, type: str = "benefit.created", id: str | None = None, body: bytes | None = None,
    organization_id: UUID | None = None,
) -> httpx.Response:  # fmt: skip
    at = datetime.now(UTC)
    id = id or str(uuid7())
    if body is None:
        body = json.dumps({"type": type, "timestamp": at.isoformat(), "data": {}}).encode()
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, body.decode()),
        "content-type": "application/json",
    }
    path = f"/v1/webhooks/polar/{organization_id or shop.organization_id}"
    return await shop.http.post(path, content=body, headers=headers)


def own_inbox(shop: Shop, vault: Vault | None = None) -> Inbox:
    parts = shop.service.parts
    return Inbox(parts.db, parts.doorbell, vault or parts.vault, clock=parts.clock)


async def receive(shop: Shop, at_inbox: Inbox, secret: str, *, id: str) -> None:
    """Past the web server, which lets no NUL through."""
    at = datetime.now(UTC)
    signatures = Webhook(secret).sign(id, at, "{}")
    timestamp = str(int(at.timestamp()))
    await at_inbox.receive(
        organization_id=shop.organization_id, webhook_id=id, timestamp=timestamp, signatures=signatures, body=b"{}"
    )


async def deliveries(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.get("/v1/webhook-deliveries")).json()["items"])


async def test_a_genuine_delivery_is_stored_once(acme: Shop) -> None:
    secret = await with_secret(acme)
    assert (await deliver(acme, secret, id="evt_1")).status_code == 202
    assert (await deliver(acme, secret, id="evt_1")).status_code == 202
    (stored,) = await deliveries(acme)
    assert (stored["webhook_id"], stored["type"]) == ("evt_1", "benefit.created")
    assert "body" not in stored


async def test_forged_misdirected_and_unsigned_deliveries_are_stored_nowhere(acme: Shop, rival: Shop) -> None:
    secret, other = await with_secret(acme), await with_secret(rival)
    unsigned = await acme.http.post(f"/v1/webhooks/polar/{acme.organization_id}", json={"type": "x"})
    for answer in (
        await deliver(acme, other),
        await deliver(acme, secret, organization_id=rival.organization_id),
        await deliver(acme, secret, organization_id=uuid7()),
        unsigned,
    ):
        assert (answer.status_code, answer.json()["error"]) == (403, "NotPermitted")
    assert await deliveries(acme) == []
    assert await deliveries(rival) == []


async def test_deliveries_that_arrive_together_are_each_stored_once(acme: Shop) -> None:
    secret = await with_secret(acme)
    ids = [f"evt_{number % 20}" for number in range(60)]
    bodies = [b'{"type":"benefit.created"}', b"", b"not json", None]  # with and without a time
    answers = await asyncio.gather(
        *(deliver(acme, secret, id=id, body=bodies[number % 4]) for number, id in enumerate(ids))
    )
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert sorted(each["webhook_id"] for each in await deliveries(acme)) == sorted(set(ids))


async def test_one_that_cannot_be_stored_fails_alone(acme: Shop) -> None:
    secret, own = await with_secret(acme), own_inbox(acme)
    results = await asyncio.gather(
        *(receive(acme, own, secret, id=id) for id in ("evt_1", "evt\x00", "evt_2")), return_exceptions=True
    )
    assert [type(result).__name__ for result in results[::2]] == ["NoneType", "NoneType"]
    assert isinstance(results[1], psycopg.DataError)
    assert sorted(each["webhook_id"] for each in await deliveries(acme)) == ["evt_1", "evt_2"]


def test_a_batch_is_bounded_in_number_and_bytes() -> None:
    async def sizes() -> list[int]:
        def sent(size: int) -> inbox.Sent:
            stored = asyncio.get_running_loop().create_future()
            return inbox.Sent(uuid7(), "evt", inbox.Envelope(), bytes(size), stored)

        large, small = inbox.BATCH_BYTES_MAX // 2, 10
        waiting = deque(sent(size) for size in [large, large, large, *[small] * inbox.BATCH_MAX, large * 3])
        taken: list[int] = []
        while waiting:
            taken.append(len(inbox.take(waiting)))
        return taken

    assert asyncio.run(sizes()) == [2, inbox.BATCH_MAX, 1, 1]


async def test_a_secret_rotated_at_another_replica_is_good_at_once_and_the_old_one_for_its_overlap(acme: Shop) -> None:
    first = await with_secret(acme)
    assert (await deliver(acme, first)).status_code == 202  # the service remembers it now
    other = Vault(acme.service.parts.settings.encryption_keys)
    second, third = new_notify_secret(), new_notify_secret()
    async with acme.service.parts.db.transaction() as tx:
        await other.put(tx, organization_id=acme.organization_id, kind="webhook", secret=second, overlap_hours=24)
    assert [(await deliver(acme, secret)).status_code for secret in (second, first)] == [202, 202]
    async with acme.service.parts.db.transaction() as tx:
        await other.put(tx, organization_id=acme.organization_id, kind="webhook", secret=third)
    fresh = own_inbox(acme, Vault(acme.service.parts.settings.encryption_keys))
    await receive(acme, fresh, third, id="evt_third")
    with pytest.raises(NotAllowed):
        await receive(acme, fresh, second, id="evt_second")


async def test_a_body_over_1_mib_is_refused(acme: Shop) -> None:
    secret = await with_secret(acme)
    answer = await deliver(acme, secret, body=b'{"pad":"' + b"x" * (1024 * 1024) + b'"}')
    assert (answer.status_code, answer.json()["error"]) == (413, "RequestBodyTooLarge")


async def test_what_is_no_json_or_of_an_unknown_type_is_stored_and_ignored(acme: Shop) -> None:
    secret = await with_secret(acme)
    assert (await deliver(acme, secret, body=b"not json")).status_code == 202
    assert (await deliver(acme, secret, type="moon.risen")).status_code == 202
    await settled(acme, 2)
    assert {each["status"] for each in await deliveries(acme)} == {"ignored"}


async def test_poison_is_parked_after_its_tries_and_blocks_nobody(acme: Shop) -> None:
    db, doorbell = acme.service.parts.db, acme.service.parts.doorbell
    seen: list[str] = []

    async def poisoned(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        raise ValueError("cannot be applied")

    async def good(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        seen.append("good")
        return True

    # Types that the service's own worker does not take from under the test's.
    worker = DeliveryWorker(db, doorbell, handlers={"poison": poisoned, "good": good})
    for type in ("poison", "good"):
        await db.run(
            """insert into deliveries (id, organization_id, webhook_id, type, sent_at, body, attempt, next_try_at)
            values (%s, %s, %s, %s, now(), %s, %s, now() + interval '1 hour')""",
            (uuid7(), acme.organization_id, type, type, b'{"data": {}}', apply.TRIES_MAX - 1),
        )
    async with db.transaction() as tx:
        await tx.execute("update deliveries set next_try_at = now()")
        claimed = await tx.all(
            "update deliveries set attempt = attempt + 1, lease_until = now() + interval '60 s'"
            " returning id, organization_id, type, sent_at, body, attempt",
            row=ClaimedDelivery,
        )
    for delivery in claimed:
        await worker._apply(delivery)
    by_type = {each["type"]: each for each in await deliveries(acme)}
    assert (by_type["poison"]["status"], by_type["good"]["status"]) == ("parked", "applied")
    assert by_type["poison"]["error"] == "ValueError in poisoned"  # its message may quote the buyer
    retried = await acme.post(f"/v1/webhook-deliveries/{by_type['poison']['id']}/retry")
    assert (retried.status_code, retried.json()["status"], retried.json()["attempt"]) == (202, "received", 0)


async def settled(shop: Shop, count: int) -> None:
    """Until the worker has settled that many deliveries of the shop."""
    worker = DeliveryWorker(shop.service.parts.db, shop.service.parts.doorbell, handlers={})
    for _ in range(500):
        await worker.apply_due()
        done = [each for each in await deliveries(shop) if each["status"] != "received"]
        if len(done) >= count:
            return
    raise AssertionError("deliveries were not settled")

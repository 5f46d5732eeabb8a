"""Webhooks at the front door: verified, stored once, answered, applied later; poison parks and blocks nobody."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from agentpay.kit.ids import uuid7
from agentpay.organizations.secrets import new_notify_secret
from agentpay.webhooks import apply
from agentpay.webhooks.apply import DeliveryWorker
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
            row=apply.ClaimedDelivery,
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

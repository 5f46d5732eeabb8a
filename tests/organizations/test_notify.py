"""Telling the merchant: signed, at least once, for a day, and only where it may be told."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.organizations import attention
from agentpay.organizations.notify import backoff_seconds, notify, purge
from tests.organizations.conftest import Inbox, Operator


async def tell(db: Database, organization_id: str, **data: Any) -> None:
    async with db.transaction() as tx:
        await notify(tx, Jobs(Doorbell(db)), organization_id=UUID(organization_id), type="order.paid", data=data)


async def statuses(db: Database) -> list[tuple[str, int, str | None]]:
    rows = await db.all("select status, attempt, error from notifications order by id")
    return [(row["status"], row["attempt"], row["error"]) for row in rows]


async def run_due(desk: Operator) -> None:
    await desk.db.run("update jobs set run_at = now() where status = 'pending'")
    await desk.worker.run_due()


async def test_a_notification_arrives_signed_for_the_merchants_secret(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    await tell(desk.db, made["id"], order_id="o-1", amount=8_500)
    await run_due(desk)
    [(headers, body)] = inbox.received
    message = Webhook(made["notify_secret"]).verify(body, headers)
    assert message["type"] == "order.paid"
    assert message["data"] == {"order_id": "o-1", "amount": 8_500}
    assert message["timestamp"].endswith("Z")
    assert headers["content-type"] == "application/json"
    assert await statuses(desk.db) == [("sent", 1, None)]


async def test_after_a_rotation_both_secrets_verify(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    rotated = (await desk.call("POST", f"/{made['id']}/rotate", {"what": "notify"})).json()
    await tell(desk.db, made["id"])
    await run_due(desk)
    [(headers, body)] = inbox.received
    for secret in (made["notify_secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)


async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_body(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    inbox.status = 500
    await tell(desk.db, made["id"])
    await run_due(desk)
    assert await statuses(desk.db) == [("waiting", 1, "HTTP 500")]
    waits = await desk.db.value("select extract(epoch from run_at - now()) from jobs where kind = 'notify.send'")
    assert 2 < waits < 7
    inbox.status = 302
    await run_due(desk)
    inbox.status = 200
    await run_due(desk)
    assert await statuses(desk.db) == [("sent", 3, None)]
    assert len({(headers["webhook-id"], body) for headers, body in inbox.received}) == 1
    assert len(inbox.received) == 3


async def test_after_a_day_it_is_parked(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    inbox.status = 503
    await tell(desk.db, made["id"])
    await desk.db.run("update notifications set created_at = now() - interval '25 hours'")
    await run_due(desk)
    assert await statuses(desk.db) == [("parked", 1, "HTTP 503")]
    await run_due(desk)
    assert len(inbox.received) == 1


async def test_a_server_that_is_down_is_tried_again(desk: Operator) -> None:
    made = await desk.register(notify_url="http://127.0.0.1:1/")
    await tell(desk.db, made["id"])
    await run_due(desk)
    [(status, attempt, error)] = await statuses(desk.db)
    assert (status, attempt) == ("waiting", 1)
    assert error is not None
    assert "127.0.0.1" not in error


async def test_without_a_notify_url_nothing_is_stored_and_a_removed_one_drops(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register()
    await tell(desk.db, made["id"])
    assert await statuses(desk.db) == []
    await desk.call("PATCH", f"/{made['id']}", {"notify_url": inbox.url})
    await tell(desk.db, made["id"])
    await desk.call("PATCH", f"/{made['id']}", {"notify_url": None})
    await run_due(desk)
    assert await statuses(desk.db) == [("dropped", 1, "no notify_url")]
    assert inbox.received == []


@pytest.mark.parametrize("allow_private", [False])
async def test_an_address_inside_is_never_called(desk: Operator, inbox: Inbox) -> None:
    organization_id = await outside(desk, notify_url=inbox.url.replace("http://", "https://"))
    await tell(desk.db, organization_id)
    await run_due(desk)
    [(status, _, error)] = await statuses(desk.db)
    assert status == "parked"
    assert error is not None
    assert inbox.received == []


async def outside(desk: Operator, *, notify_url: str) -> str:
    """An organization whose address was fine when it was written down."""
    await desk.db.run(
        "insert into organizations (id, name, polar_environment, polar_base_url, notify_url)"
        " values (%s, 'Acme', 'sandbox', 'https://sandbox-api.polar.sh', %s)",
        (UUID(int=7), notify_url),
    )
    async with desk.db.transaction() as tx:
        secret = "whsec_" + "A" * 43 + "="
        await desk.vault.put(tx, organization_id=UUID(int=7), kind="notify", secret=secret)
    return str(UUID(int=7))


async def test_a_transaction_that_fails_tells_nobody(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)

    async def fail() -> None:
        async with desk.db.transaction() as tx:
            await notify(tx, Jobs(Doorbell(desk.db)), organization_id=UUID(made["id"]), type="order.paid", data={})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await statuses(desk.db) == []


async def test_attention_is_asked_for_once_per_reason(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    jobs, organization_id = Jobs(Doorbell(desk.db)), UUID(made["id"])
    for reason in (attention.TOKEN_REFUSED, attention.TOKEN_REFUSED, attention.WEBHOOK_BROKEN):
        async with desk.db.transaction() as tx:
            await attention.need(tx, jobs, organization_id=organization_id, reason=reason)
    await run_due(desk)
    told = [json.loads(body) for _, body in inbox.received]
    assert sorted(message["data"]["reason"] for message in told) == sorted(
        [attention.TOKEN_REFUSED, attention.WEBHOOK_BROKEN]
    )
    assert {message["type"] for message in told} == {"organization.attention"}


async def test_attention_is_taken_back_only_for_its_own_reason(desk: Operator) -> None:
    made = await desk.register()
    jobs, organization_id = Jobs(Doorbell(desk.db)), UUID(made["id"])
    async with desk.db.transaction() as tx:
        await attention.need(tx, jobs, organization_id=organization_id, reason=attention.WEBHOOK_BROKEN)
        assert not await attention.settle(tx, organization_id=organization_id, reasons=[attention.TOKEN_REFUSED])
        assert await attention.settle(tx, organization_id=organization_id, reasons=[attention.WEBHOOK_BROKEN])
    seen = (await desk.call("GET", f"/{made['id']}")).json()
    assert (seen["status"], seen["attention"]) == ("active", None)


async def test_old_notifications_are_purged_and_waiting_ones_stay(desk: Operator, inbox: Inbox) -> None:
    made = await desk.register(notify_url=inbox.url)
    await asyncio.gather(*(tell(desk.db, made["id"]) for _ in range(3)))
    await desk.db.run("update notifications set created_at = now() - interval '31 days'")
    assert await purge(desk.db) == 0
    await desk.db.run("update notifications set status = 'parked'")
    assert await purge(desk.db) == 3


def test_the_wait_grows_to_four_hours() -> None:
    waits = [backoff_seconds(attempt, noise=0.5) for attempt in range(1, 10)]
    assert waits[:4] == [5, 20, 80, 320]
    assert waits[-1] == 4 * 3600
    assert sum(waits) < 24 * 3600

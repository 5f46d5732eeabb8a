"""A delivery that cannot be applied is tried, put off, parked, shown, tried again when asked: and blocks nobody."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit.errors import NotFound
from agentpay.kit.ids import uuid7
from agentpay.webhooks import apply, repository
from agentpay.webhooks.apply import DeliveryWorker
from tests.conftest import empty
from tests.offers import cast

POISONED = 2 * apply.BATCH


@pytest_asyncio.fixture
async def quiet(quiet_database: Database) -> AsyncIterator[Database]:
    yield quiet_database
    await empty(quiet_database)


async def stored(db: Database, organization_id: UUID, type: str, *, count: int) -> None:
    for _ in range(count):
        await db.run(
            "insert into deliveries (id, organization_id, webhook_id, type, sent_at, body)"
            " values (%s, %s, %s, %s, now(), %s)",
            (uuid7(), organization_id, str(uuid7()), type, b'{"data": {}}'),
        )


async def statuses(db: Database, type: str) -> set[str]:
    return {row["status"] for row in await db.all("select status from deliveries where type = %s", (type,))}


class Cure:
    """Handlers of which one fails until it is cured."""

    def __init__(self) -> None:
        self.is_cured = False
        self.tries = 0

    def handlers(self) -> Mapping[str, apply.Handler]:
        async def poison(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
            self.tries += 1
            if not self.is_cured:
                raise ValueError("cannot be applied")
            return True

        async def good(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
            return True

        return {"poison": poison, "good": good}


async def test_poison_is_tried_ten_times_parked_and_applied_when_its_cause_is_gone(quiet: Database) -> None:
    cure, organization_id = Cure(), await cast.merchant(quiet)
    worker = DeliveryWorker(quiet, Doorbell(quiet), handlers=cure.handlers())
    await stored(quiet, organization_id, "poison", count=1)
    for tried in range(1, apply.TRIES_MAX + 1):
        assert await statuses(quiet, "poison") == {"received"}
        assert await worker.apply_due() == 1
        assert cure.tries == tried
        assert await worker.apply_due() == 0  # not at once again
        await quiet.run("update deliveries set next_try_at = now()")  # time passes
    assert await statuses(quiet, "poison") == {"parked"}
    assert await worker.apply_due() == 0
    (row,) = await repository.list_deliveries(
        quiet, organization_id=organization_id, status="parked", before=None, limit=10
    )
    assert "ValueError" in row["error"]
    cure.is_cured = True
    await repository.retry(quiet, organization_id=organization_id, delivery_id=row["id"])
    assert await worker.apply_due() == 1
    assert await statuses(quiet, "poison") == {"applied"}


async def test_heaps_of_poison_in_front_block_no_good_delivery(quiet: Database) -> None:
    organization_id = await cast.merchant(quiet)
    worker = DeliveryWorker(quiet, Doorbell(quiet), handlers=Cure().handlers())
    await stored(quiet, organization_id, "poison", count=POISONED)
    await stored(quiet, organization_id, "good", count=1)
    for _ in range(POISONED // apply.BATCH + 1):
        await worker.apply_due()
    assert await statuses(quiet, "good") == {"applied"}
    assert await statuses(quiet, "poison") == {"received"}


async def test_those_that_hang_hold_up_only_themselves(quiet: Database) -> None:
    organization_id, let_go, seen = await cast.merchant(quiet), asyncio.Event(), asyncio.Event()
    hanging = asyncio.Semaphore(0)

    async def hang(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        hanging.release()
        await let_go.wait()
        return True

    async def good(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        seen.set()
        return True

    worker = DeliveryWorker(quiet, Doorbell(quiet), handlers={"hang": hang, "good": good})
    await stored(quiet, organization_id, "hang", count=apply.CONCURRENCY - 1)
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(10):
        for _ in range(apply.CONCURRENCY - 1):
            await hanging.acquire()
        await stored(quiet, organization_id, "good", count=1)  # comes while they hang
        await seen.wait()
        let_go.set()
        stop.set()
        await working
    assert await statuses(quiet, "hang") == await statuses(quiet, "good") == {"applied"}


async def test_a_stranger_cannot_retry_it(quiet: Database) -> None:
    acme, rival = await cast.merchant(quiet), await cast.merchant(quiet, name="Rival Shop")
    await stored(quiet, acme, "poison", count=1)
    delivery_id = await quiet.value("select id from deliveries")
    with pytest.raises(NotFound):
        await repository.retry(quiet, organization_id=rival, delivery_id=delivery_id)

"""The worker: which kinds of jobs there are, what runs them, and how often. Composes, contains nothing."""

import asyncio

from agentpay.callers import idempotency
from agentpay.callers import limits as rates
from agentpay.compose import Parts
from agentpay.jobs import repository as jobs_table
from agentpay.jobs.in_process import Handler, Worker
from agentpay.privacy import retention
from agentpay.webhooks import repository as deliveries
from agentpay.webhooks.apply import DeliveryWorker

MINUTE = 60.0
HOUR = 60 * MINUTE


async def work(parts: Parts, stop: asyncio.Event) -> None:
    """Run jobs and apply deliveries until `stop`, then let what runs finish."""
    handlers = job_handlers(parts)
    jobs = Worker(parts.db, parts.doorbell, handlers=handlers, schedules=SCHEDULES)
    inbox = DeliveryWorker(parts.db, parts.doorbell, handlers={})
    await asyncio.gather(jobs.run(stop, drain_seconds=parts.settings.drain_seconds), inbox.run(stop))


def job_handlers(parts: Parts) -> dict[str, Handler]:
    """Kind → what it does."""
    db = parts.db

    async def purge(_: dict[str, object]) -> None:
        for forget in (rates.purge, idempotency.purge, jobs_table.purge_finished, deliveries.purge):
            await forget(db)
        await retention.purge_events(db)

    async def retain(_: dict[str, object]) -> None:
        await retention.close_idle(db)
        while await retention.erase_due(db, parts.appender, owner=parts.process_id) == retention.BATCH:
            pass

    return {"logs.purge": purge, "conversations.retain": retain}


SCHEDULES: dict[str, float] = {"logs.purge": 10 * MINUTE, "conversations.retain": HOUR}

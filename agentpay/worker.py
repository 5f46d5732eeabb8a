"""The worker: which kinds of jobs there are, what runs them, and how often. Composes, contains nothing."""

import asyncio
from typing import TYPE_CHECKING

from agentpay.callers import jobs as callers
from agentpay.catalog import jobs as catalog
from agentpay.checkout import jobs as checkout
from agentpay.compose import Parts
from agentpay.jobs import jobs as job_table
from agentpay.jobs.executor import Handler, Observe
from agentpay.jobs.in_process import Worker
from agentpay.knowledge import jobs as knowledge
from agentpay.metrics import Metrics
from agentpay.offers import jobs as offers
from agentpay.organizations import jobs as organizations
from agentpay.privacy import jobs as privacy
from agentpay.webhooks import jobs as webhooks
from agentpay.webhooks.apply import DeliveryWorker, OnApplied
from agentpay.webhooks.handlers import handlers as delivery_handlers

if TYPE_CHECKING:
    from agentpay.jobs.arq_driver import ArqWorker

SCHEDULES: dict[str, float] = {
    **job_table.SCHEDULES,
    **callers.SCHEDULES,
    **organizations.SCHEDULES,
    **knowledge.SCHEDULES,
    **catalog.SCHEDULES,
    **offers.SCHEDULES,
    **checkout.SCHEDULES,
    **webhooks.SCHEDULES,
    **privacy.SCHEDULES,
}


async def work(parts: Parts, stop: asyncio.Event, *, metrics: Metrics) -> None:
    """Run jobs and apply deliveries until `stop`, then let what runs finish. `metrics` hear of all of them."""
    jobs = job_worker(parts, observe=metrics.jobs.ran)
    inbox = delivery_worker(parts, observe=metrics.webhooks.applied)
    await asyncio.gather(jobs.run(stop, drain_seconds=parts.settings.drain_seconds), inbox.run(stop))


def job_worker(parts: Parts, *, observe: Observe) -> "Worker | ArqWorker":
    """The driver that the settings ask for: arq where there is a Redis."""
    handlers, concurrency = job_handlers(parts), parts.settings.worker_concurrency
    if parts.redis is None:
        return Worker(
            parts.db,
            parts.doorbell,
            handlers=handlers,
            schedules=SCHEDULES,
            concurrency=concurrency,
            observe=observe,
        )
    from agentpay.jobs.arq_driver import ArqWorker

    return ArqWorker(
        parts.db,
        parts.doorbell,
        parts.redis,
        handlers=handlers,
        schedules=SCHEDULES,
        concurrency=concurrency,
        observe=observe,
    )


def delivery_worker(parts: Parts, *, observe: OnApplied = lambda *_: None) -> DeliveryWorker:
    handlers = delivery_handlers(parts.db, parts.appender, parts.jobs)
    return DeliveryWorker(parts.db, parts.doorbell, handlers=handlers, observe=observe)


def job_handlers(parts: Parts) -> dict[str, Handler]:
    """Kind → what it does."""
    db, jobs, polar, appender, clock = parts.db, parts.jobs, parts.polar, parts.appender, parts.clock
    return {
        **job_table.handlers(db),
        **callers.handlers(db),
        **organizations.handlers(
            db, jobs, parts.vault, polar, parts.egress, public_url=parts.settings.public_url, clock=clock
        ),
        **knowledge.handlers(db),
        **catalog.handlers(db, jobs, polar),
        **offers.handlers(db, appender, jobs),
        **checkout.handlers(db, polar, appender, jobs, clock=clock),
        **webhooks.handlers(db, polar, appender, jobs, clock=clock),
        **privacy.handlers(db, appender, process_id=parts.process_id),
    }

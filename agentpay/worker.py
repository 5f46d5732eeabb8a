"""The worker: which kinds of jobs there are, what runs them, and how often. Composes, contains nothing."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from agentpay.callers import jobs as callers
from agentpay.catalog import jobs as catalog
from agentpay.checkout import jobs as checkout
from agentpay.compose import Parts
from agentpay.jobs import jobs as job_table
from agentpay.jobs.errors import Later
from agentpay.jobs.executor import Handler, Observe
from agentpay.jobs.in_process import Worker
from agentpay.kit.spans import Tracer
from agentpay.knowledge import jobs as knowledge
from agentpay.metrics import Metrics
from agentpay.offers import jobs as offers
from agentpay.organizations import jobs as organizations
from agentpay.privacy import jobs as privacy
from agentpay.webhooks import jobs as webhooks
from agentpay.webhooks.apply import DeliveryWorker, OnApplied
from agentpay.webhooks.apply import Handler as DeliveryHandler
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
    found = delivery_handlers(parts.db, parts.appender, parts.jobs)
    handlers = {type: attended(type, handler, tracer=parts.tracer) for type, handler in found.items()}
    return DeliveryWorker(parts.db, parts.doorbell, handlers=handlers, observe=observe)


def accompanied(kind: str, handler: Handler, *, tracer: Tracer) -> Handler:
    """The handler inside a span, and every log line of it with the job's kind and organization."""

    async def run(arguments: dict[str, Any]) -> None:
        names = {"job": kind}
        if "organization_id" in arguments:
            names["organization_id"] = str(arguments["organization_id"])
        attributes = {"agentpay.job": kind, "agentpay.organization_id": names.get("organization_id")}
        later: Later | None = None
        with (
            structlog.contextvars.bound_contextvars(**names),
            tracer.within(f"job {kind}", kind="consumer", attributes=attributes),
        ):
            try:
                await handler(arguments)
            except Later as error:  # no failure
                later = error
        if later is not None:
            raise later

    return run


def attended(type: str, handler: DeliveryHandler, *, tracer: Tracer) -> DeliveryHandler:
    """The same for a delivery of Polar's."""

    async def run(organization_id: UUID, data: Any, sent_at: datetime) -> bool:
        names = {"delivery_type": type, "organization_id": str(organization_id)}
        attributes = {"agentpay.delivery_type": type, "agentpay.organization_id": str(organization_id)}
        with (
            structlog.contextvars.bound_contextvars(**names),
            tracer.within(f"webhook {type}", kind="consumer", attributes=attributes),
        ):
            return await handler(organization_id, data, sent_at)

    return run


def job_handlers(parts: Parts) -> dict[str, Handler]:
    """Kind → what it does."""
    handlers = _job_handlers(parts)
    return {kind: accompanied(kind, handler, tracer=parts.tracer) for kind, handler in handlers.items()}


def _job_handlers(parts: Parts) -> dict[str, Handler]:
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

"""Background work: asking Polar for what webhooks lost, and forgetting old deliveries."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.executor import Handler
from agentpay.kit.clock import Clock
from agentpay.polar.gateway import PolarGateway
from agentpay.webhooks import reconcile, repository

PURGE = "webhooks.purge"
SCHEDULES: Mapping[str, float] = {reconcile.DUE_KIND: 30, PURGE: 3_600}


def handlers(db: Database, polar: PolarGateway, appender: Appender, jobs: Jobs, *, clock: Clock) -> dict[str, Handler]:
    """Functions by kind."""

    async def due(_: dict[str, Any]) -> None:
        await reconcile.reconcile_due(db, jobs)

    async def one(arguments: dict[str, Any]) -> None:
        organization_id = UUID(arguments["organization_id"])
        await reconcile.reconcile(db, polar, appender, jobs, organization_id=organization_id, clock=clock)

    async def purge(_: dict[str, Any]) -> None:
        while await repository.purge(db) == repository.PURGE_ROWS_MAX:
            pass

    return {reconcile.DUE_KIND: due, reconcile.KIND: one, PURGE: purge}

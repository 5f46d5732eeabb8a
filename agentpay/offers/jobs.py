"""Background work: offers that ran out, and a ledger that does not grow for ever."""

from collections.abc import Mapping
from typing import Any

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.executor import Handler
from agentpay.offers import budget, watch

EXPIRE = "offers.expire"
PURGE = "offers.purge"
SCHEDULES: Mapping[str, float] = {EXPIRE: 5, PURGE: 86_400}


def handlers(db: Database, appender: Appender, jobs: Jobs) -> dict[str, Handler]:
    """Functions by kind."""

    async def expire(_: dict[str, Any]) -> None:
        while await watch.expire_due(db, appender, jobs) == watch.SWEEP_ROWS_MAX:
            pass

    async def purge(_: dict[str, Any]) -> None:
        async with db.transaction() as tx:
            await budget.purge_ledger(tx)

    return {EXPIRE: expire, PURGE: purge}

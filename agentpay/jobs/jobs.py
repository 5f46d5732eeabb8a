"""Background work of the job table itself: forgetting what is done."""

from collections.abc import Mapping
from typing import Any

from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.executor import Handler

PURGE = "jobs.purge"
SCHEDULES: Mapping[str, float] = {PURGE: 600}


def handlers(db: Database) -> dict[str, Handler]:
    """Functions by kind."""

    async def purge(_: dict[str, Any]) -> None:
        while await repository.purge_finished(db) == repository.PURGE_ROWS_MAX:
            pass

    return {PURGE: purge}

"""Background work: what goes by age."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.executor import Handler
from agentpay.privacy import retention

RETAIN = "privacy.retain"
EVENTS = "privacy.purge_events"
LOGS = "privacy.purge_logs"
SCHEDULES: Mapping[str, float] = {RETAIN: 3_600, EVENTS: 3_600, LOGS: 3_600}


def handlers(db: Database, appender: Appender, *, process_id: UUID) -> dict[str, Handler]:
    """Functions by kind."""

    async def retain(_: dict[str, Any]) -> None:
        while await retention.close_idle(db) == retention.CLOSE_ROWS_MAX:
            pass
        while await retention.erase_due(db, appender, owner=process_id) == retention.BATCH:
            pass

    async def purge(_: dict[str, Any]) -> None:
        while await retention.purge_events(db) == retention.PURGE_ROWS_MAX:
            pass

    async def purge_logs(_: dict[str, Any]) -> None:
        while await retention.purge_turn_details(db) == retention.DETAIL_ROWS_MAX:
            pass
        while await retention.purge_tokens(db) == retention.PURGE_ROWS_MAX:
            pass
        await retention.purge_processes(db)

    return {RETAIN: retain, EVENTS: purge, LOGS: purge_logs}

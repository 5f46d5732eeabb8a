"""Background work: `knowledge.reindex_due` brings articles up to the rules by which this release indexes."""

from collections.abc import Mapping
from typing import Any

from agentpay.db.engine import Database
from agentpay.jobs.errors import Later
from agentpay.jobs.executor import Handler
from agentpay.knowledge.repository import REINDEX_MAX, reindex_outdated

REINDEX_DUE = "knowledge.reindex_due"
REINDEX_SECONDS = 300.0


async def reindex_due(db: Database) -> int:
    """Index again what an older release indexed, a few articles at a time. Raises `Later` while there is more."""
    count = await reindex_outdated(db)
    if count >= REINDEX_MAX:
        raise Later(0)
    return count


SCHEDULES: Mapping[str, float] = {REINDEX_DUE: REINDEX_SECONDS}


def handlers(db: Database) -> dict[str, Handler]:
    """Functions by kind."""

    async def due(_: dict[str, Any]) -> None:
        await reindex_due(db)

    return {REINDEX_DUE: due}

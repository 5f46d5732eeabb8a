"""What the worker does for the gate: forget what has no use any more."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentpay.callers import idempotency, limits
from agentpay.db.engine import Database

Handler = Callable[[dict[str, Any]], Awaitable[None]]

PURGE = "callers.purge"
SCHEDULES: Mapping[str, float] = {PURGE: 900}


def handlers(db: Database) -> dict[str, Handler]:
    """Functions by kind."""

    async def purge(arguments: dict[str, Any]) -> None:
        while await idempotency.purge(db) == idempotency.PURGE_ROWS_MAX:
            pass
        while await limits.purge(db) == limits.PURGE_ROWS_MAX:
            pass

    return {PURGE: purge}

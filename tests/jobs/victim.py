"""A worker process that takes one job and never ends it, for tests that kill it: `python -m tests.jobs.victim`."""

import asyncio
import sys
from typing import Any

from agentpay.db.engine import Database
from tests.jobs.bench import KIND, Bench


async def main(database_url: str, redis_url: str) -> None:
    db = Database(database_url)
    await db.open()
    bench = Bench(db, redis_url or None)

    async def hang(_: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    async with bench.working(bench.worker({KIND: hang})) as stop:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

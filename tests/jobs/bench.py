"""A place to run jobs with either driver, in kinds that no other worker of the test run knows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal
from uuid import UUID

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.jobs.arq_driver import ArqWorker
from agentpay.jobs.enqueue import TOPIC, Jobs
from agentpay.jobs.executor import Handler
from agentpay.jobs.in_process import Worker
from agentpay.jobs.redis_link import RedisLink

KIND = "tests.count"
TICK = "tests.tick"
LOOK_SECONDS = 0.005
WAIT_SECONDS_MAX = 30
# Long enough for a busy machine: a Redis that is merely slow would spoil a test.
ANSWER_SECONDS = 5.0
NEVER_SECONDS = 600.0

Driver = Literal["in_process", "arq"]


class Bench:
    """One table, one doorbell, and with arq one line to Redis. `ran`: the arguments of runs, in their order.

    `patience_seconds`: how long the safety net beside arq leaves due jobs alone; as it stands, for ever.
    """

    def __init__(
        self,
        db: Database,
        redis_url: str | None = None,
        *,
        patience_seconds: float = NEVER_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.db = db
        self.redis_url = redis_url
        self.doorbell = Doorbell(db)
        self.link = RedisLink(redis_url, probe_seconds=0.1, answer_seconds=answer_seconds) if redis_url else None
        self.jobs = Jobs(self.doorbell, push=self.link.push if self.link else None)
        self.patience_seconds = patience_seconds
        self.ran: list[dict[str, Any]] = []
        self.trouble: list[Exception] = []

    async def count(self, arguments: dict[str, Any]) -> None:
        self.ran.append(arguments)
        if self.trouble:
            raise self.trouble.pop(0)

    async def enqueue(self, arguments: Mapping[str, Any] | None = None, *, kind: str = KIND, **options: Any) -> None:
        async with self.db.transaction() as tx:
            await self.jobs.enqueue(tx, kind, arguments or {"n": 1}, **options)

    def worker(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        schedules: Mapping[str, float] | None = None,
        concurrency: int = 8,
    ) -> Worker | ArqWorker:
        known = handlers or {KIND: self.count}
        if self.link is None:
            return Worker(self.db, self.doorbell, handlers=known, schedules=schedules or {}, concurrency=concurrency)
        return ArqWorker(
            self.db,
            self.doorbell,
            self.link,
            handlers=known,
            schedules=schedules or {},
            concurrency=concurrency,
            patience_seconds=self.patience_seconds,
        )

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[None]:
        """What every process does: keep the line to Redis."""
        if self.link is None:
            yield
            return
        linking = asyncio.create_task(self.link.run())
        try:
            yield
        finally:
            linking.cancel()
            await asyncio.gather(linking, return_exceptions=True)
            await self.link.close()

    @asynccontextmanager
    async def working(self, *workers: Worker | ArqWorker, drain_seconds: float = 5) -> AsyncIterator[asyncio.Event]:
        """Run `workers` (one that counts, if none is given) until the end of the block, or the event given."""
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.linked())
            if self.link is not None:
                await until(lambda: self.link is not None and self.link.is_well)
            each = [
                asyncio.create_task(worker.run(stop, drain_seconds=drain_seconds))
                for worker in workers or [self.worker()]
            ]
            try:
                yield stop
            finally:
                stop.set()
                await asyncio.gather(*each)

    async def rows(self, kind: str = KIND) -> list[Row]:
        return await self.db.all("select * from jobs where kind = %s order by created_at, id", (kind,))

    async def statuses(self, kind: str = KIND) -> list[str]:
        return [row["status"] for row in await self.rows(kind)]

    async def until_statuses(self, *statuses: str, kind: str = KIND) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while await self.statuses(kind) != list(statuses):  # noqa: ASYNC110 (the database tells no event)
                await asyncio.sleep(LOOK_SECONDS)

    async def hurry(self, kind: str = KIND) -> None:
        """Time passes for waiting jobs."""
        await self.db.run("update jobs set run_at = now() where kind = %s and status = 'pending'", (kind,))
        await self.nudge(kind)

    async def lose_leases(self, kind: str = KIND) -> None:
        """Time passes for processes that are frozen or dead."""
        await self.db.run(
            "update jobs set lease_until = now() - interval '1 s' where kind = %s and status = 'running'", (kind,)
        )
        await self.nudge(kind)

    async def nudge(self, kind: str = KIND) -> None:
        """What would have woken workers at that time."""
        for row in await self.rows(kind):
            if self.link is not None:
                self.link.push(UUID(str(row["id"])), 0)
        self.doorbell.ring(TOPIC)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`; fails when it takes too long."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not condition():  # noqa: ASYNC110 (any condition)
            await asyncio.sleep(LOOK_SECONDS)

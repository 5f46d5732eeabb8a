"""The default driver: claims from the table and runs, in this process's loop. Nothing else is needed.

Beside the arq driver it is the safety net: it looks less often, and takes only what Redis seems to have lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import psycopg
import structlog

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.enqueue import TOPIC
from agentpay.jobs.executor import Again, Executor, Handler, Observe
from agentpay.jobs.repository import ClaimedJob
from agentpay.kit.errors import Unavailable
from agentpay.kit.traces import kind_of

log = structlog.get_logger()

CONCURRENCY: Final = 8
POLL_SECONDS: Final = 1.0
SCHEDULE_SECONDS: Final = 1.0


class Worker:
    """Runs jobs of the given kinds until `stop`, then lets those that run finish for `drain_seconds`.

    `patience()`: for how many seconds a due job is left to somebody else, who is quicker; while it is above 0, news
    are theirs as well. `again(job_id, seconds)` hears of jobs that are to run later.
    """

    def __init__(
        self,
        db: Database,
        doorbell: Doorbell,
        *,
        handlers: Mapping[str, Handler],
        schedules: Mapping[str, float],
        concurrency: int = CONCURRENCY,
        observe: Observe = lambda *_: None,
        again: Again = lambda *_: None,
        patience: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._db = db
        self._doorbell = doorbell
        self._schedules = dict(schedules)
        self._again = again
        self._patience = patience
        self._news = asyncio.Event()
        self._is_unreachable = False
        self.executor = Executor(db, handlers=handlers, concurrency=concurrency, observe=observe, again=again)

    async def run(self, stop: asyncio.Event, *, drain_seconds: float = 10) -> None:
        unsubscribe = self._doorbell.subscribe(TOPIC, lambda _: self._hear())
        side = [
            asyncio.create_task(_kept_going("leases", self.executor.renew)),
            asyncio.create_task(_kept_going("schedules", self._tick_schedules)),
        ]
        try:
            while not stop.is_set():
                self._news.clear()
                if not await self._take():
                    await self._wait(stop)
            await self.executor.drain(seconds=drain_seconds)
        finally:
            unsubscribe()
            for task in side:
                task.cancel()
            await asyncio.gather(*side, return_exceptions=True)
            await self.executor.drain(seconds=0)

    async def run_due(self) -> int:
        """Run what is due now, and what that makes due, until nothing is: for tests. Returns how many."""
        count = 0
        while tasks := await self.executor.take(self._claim):
            await asyncio.gather(*tasks)
            count += len(tasks)
        return count

    def wake(self) -> None:
        """Look at the table now."""
        self._news.set()

    def _hear(self) -> None:
        if not self._patience():
            self.wake()

    async def _claim(self, count: int) -> list[ClaimedJob]:
        return await repository.claim_jobs(
            self._db, kinds=self.executor.kinds, count=count, overdue_seconds=self._patience()
        )

    async def _take(self) -> bool:
        try:
            tasks = await self.executor.take(self._claim)
        except (psycopg.Error, Unavailable) as error:
            self._unreachable(error)
            return False
        self._is_unreachable = False
        return bool(tasks)

    async def _wait(self, stop: asyncio.Event) -> None:
        events = [self._news.wait(), stop.wait(), *([self.executor.until_room()] if self.executor.is_full else [])]
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(event) for event in events]
        await asyncio.wait(waits, timeout=max(POLL_SECONDS, self._patience()), return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _tick_schedules(self) -> None:
        while True:
            try:
                added = await repository.enqueue_due_schedules(self._db, schedules=self._schedules)
            except (psycopg.Error, Unavailable) as error:
                self._unreachable(error)
                added = []
            for job_id in added:
                self._again(job_id, 0)
            if added:
                self._doorbell.ring(TOPIC)
            await asyncio.sleep(SCHEDULE_SECONDS)

    def _unreachable(self, error: Exception) -> None:
        if not self._is_unreachable:
            log.warning("jobs.unreachable", error=kind_of(error))
        self._is_unreachable = True


async def _kept_going(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Without its leases a worker's jobs would run twice, without its schedules some never: neither ends silently."""
    while True:
        try:
            await run()
        except Exception as error:  # boundary: a bug is logged, the task begins again
            log.error("task.died", task=name, exc_info=error)
        await asyncio.sleep(POLL_SECONDS)

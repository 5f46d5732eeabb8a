"""The default driver: claims from the table and runs, in this process's loop. Nothing else is needed."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psycopg
import structlog

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.enqueue import TOPIC
from agentpay.jobs.errors import GiveUp, Later
from agentpay.jobs.repository import ClaimedJob
from agentpay.kit.errors import Unavailable
from agentpay.kit.ids import uuid7
from agentpay.kit.traces import said_of

log = structlog.get_logger()

Handler = Callable[[dict[str, Any]], Awaitable[None]]

CONCURRENCY = 8
POLL_SECONDS = 1.0
RENEW_SECONDS = 5.0
JOB_SECONDS_MAX = 300
BACKOFF_SECONDS = 2.0
BACKOFF_SECONDS_MAX = 900.0
ERROR_CHARACTERS_MAX = 300


class Worker:
    """Runs jobs of the given kinds until `stop`, then lets those that run finish for `drain_seconds`."""

    def __init__(
        self,
        db: Database,
        doorbell: Doorbell,
        *,
        handlers: Mapping[str, Handler],
        schedules: Mapping[str, float],
        overdue_seconds: float = 0,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._db = db
        self._doorbell = doorbell
        self._handlers = handlers
        self._schedules = dict(schedules)
        self._overdue_seconds = overdue_seconds
        self._concurrency = concurrency
        self._news = asyncio.Event()
        self._running: dict[ClaimedJob, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event, *, drain_seconds: float = 10) -> None:
        unsubscribe = self._doorbell.subscribe(TOPIC, lambda _: self._news.set())
        side = [asyncio.create_task(self._renew()), asyncio.create_task(self._tick_schedules())]
        try:
            while not stop.is_set():
                if not await self._take():
                    await self._wait(stop)
            if self._running:
                await asyncio.wait(self._running.values(), timeout=drain_seconds)
        finally:
            unsubscribe()
            for task in [*side, *self._running.values()]:
                task.cancel()
            await asyncio.gather(*side, *self._running.values(), return_exceptions=True)

    async def run_due(self) -> int:
        """Run what is due now, and what that makes due, until nothing is: for tests and `--once`. Returns how many."""
        count = 0
        while jobs := await repository.claim_jobs(self._db, kinds=list(self._handlers), count=self._concurrency):
            await asyncio.gather(*(self._perform(job) for job in jobs))
            count += len(jobs)
        return count

    async def _take(self) -> bool:
        free = self._concurrency - len(self._running)
        if free <= 0:
            return False
        self._news.clear()
        try:
            jobs = await repository.claim_jobs(
                self._db, kinds=list(self._handlers), count=free, overdue_seconds=self._overdue_seconds
            )
        except (psycopg.Error, Unavailable) as error:
            log.warning("jobs.unreachable", error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)
            return False
        for job in jobs:
            task = asyncio.create_task(self._perform(job), name=f"job {job.kind}")
            self._running[job] = task
            task.add_done_callback(lambda _, job=job: self._done(job))  # type: ignore[misc] # mypy: lambda default
        return bool(jobs)

    def _done(self, job: ClaimedJob) -> None:
        self._running.pop(job, None)
        self._news.set()

    async def _wait(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(self._news.wait()), asyncio.create_task(stop.wait())]
        await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _perform(self, job: ClaimedJob) -> None:
        try:
            async with asyncio.timeout(JOB_SECONDS_MAX):
                await self._handlers[job.kind](job.arguments)
        except Later as later:
            await self._settle(
                repository.put_back(self._db, job=job, delay_seconds=later.seconds, error=None, counts=False)
            )
        except Exception as error:  # boundary: a job's failure is stored and retried
            await self._failed(job, error)
        else:
            await self._settle(repository.finish(self._db, job=job))

    async def _failed(self, job: ClaimedJob, error: Exception) -> None:
        said = (str(error) if isinstance(error, GiveUp) else said_of(error))[:ERROR_CHARACTERS_MAX]
        if job.attempt >= job.attempts_max or isinstance(error, GiveUp):
            log.error("job.died", kind=job.kind, job_id=str(job.id), attempt=job.attempt, exc_info=error)
            await self._settle(repository.bury(self._db, job=job, error=said))
            return
        log.warning("job.failed", kind=job.kind, job_id=str(job.id), attempt=job.attempt, error=type(error).__name__)
        delay = backoff_seconds(job.attempt, noise=random.random())
        await self._settle(repository.put_back(self._db, job=job, delay_seconds=delay, error=said))

    async def _settle(self, write: Awaitable[None]) -> None:
        # Not written: the lease runs out and another process finds the job again.
        with contextlib.suppress(psycopg.Error, Unavailable):
            await write

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._running:
                await self._settle(repository.renew_leases(self._db, jobs=list(self._running)))

    async def _tick_schedules(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error, Unavailable):
                if await repository.enqueue_due_schedules(self._db, schedules=self._schedules, new_id=uuid7):
                    self._doorbell.ring(TOPIC)
            await asyncio.sleep(POLL_SECONDS)


def backoff_seconds(attempt: int, *, noise: float) -> float:
    """2, 4, 8 … s up to 15 minutes, ± 20 %. `noise` lies in [0, 1)."""
    delay: float = min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), BACKOFF_SECONDS_MAX)
    return delay * (0.8 + 0.4 * noise)

"""Running claimed jobs, whoever claimed them: both drivers hand their rows to one executor a process."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from uuid import UUID

import psycopg
import structlog

from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.errors import GiveUp, Later
from agentpay.jobs.repository import ClaimedJob
from agentpay.kit.errors import Unavailable
from agentpay.kit.traces import said_of

log = structlog.get_logger()

Handler = Callable[[dict[str, Any]], Awaitable[None]]
Outcome = Literal["done", "later", "failed", "dead", "interrupted"]
Observe = Callable[[str, Outcome, float], None]
Claim = Callable[[int], Awaitable[list[ClaimedJob]]]
Again = Callable[[UUID, float], None]

RENEW_SECONDS: Final = 5.0
JOB_SECONDS_MAX: Final = 300
BACKOFF_SECONDS: Final = 2.0
BACKOFF_SECONDS_MAX: Final = 900.0
ERROR_CHARACTERS_MAX: Final = 300


class Executor:
    """Runs up to `concurrency` jobs of the kinds in `handlers`; stores what became of each, under its own attempt.

    `observe(kind, outcome, seconds)` hears of every run. `again(job_id, seconds)` hears of jobs that were put back.
    """

    def __init__(
        self,
        db: Database,
        *,
        handlers: Mapping[str, Handler],
        concurrency: int,
        observe: Observe = lambda *_: None,
        again: Again = lambda *_: None,
    ) -> None:
        self._db = db
        self.handlers = handlers
        self._concurrency = concurrency
        self._observe = observe
        self._again = again
        self._reserved = 0
        self._is_closed = False
        self._running: dict[ClaimedJob, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self.kinds = list(handlers)

    async def take(self, claim: Claim, *, count: int | None = None) -> list[asyncio.Task[None]]:
        """Claim as many jobs as there is room for, at most `count`, and start them. Raises what `claim` raises."""
        free = self._concurrency - len(self._running) - self._reserved
        wanted = free if count is None else min(free, count)
        if self._is_closed or wanted <= 0:
            return []
        self._reserved += wanted
        try:
            jobs = await claim(wanted)
        finally:
            self._reserved -= wanted
            self._tell_room()
        return await self._admit(jobs)

    @property
    def is_full(self) -> bool:
        return len(self._running) + self._reserved >= self._concurrency

    async def until_room(self) -> None:
        """Wait while it is full; returns at once when it takes nothing any more."""
        while self.is_full and not self._is_closed:
            await self._room.wait()

    async def renew(self) -> None:
        """Keep the leases of what runs, until cancelled. A job that another process has meanwhile is stopped here."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._running:
                with contextlib.suppress(psycopg.Error, Unavailable):
                    await self.renew_once()

    async def renew_once(self) -> None:
        held = list(self._running)
        kept = await repository.renew_leases(self._db, jobs=held)
        for job in held:
            if (job.id, job.attempt) not in kept and (task := self._running.get(job)) is not None:
                log.warning("job.lost", kind=job.kind, job_id=str(job.id), attempt=job.attempt)
                task.cancel()

    async def drain(self, *, seconds: float) -> None:
        """Take nothing more, let what runs finish for `seconds`, give the rest away to any other process."""
        self._is_closed = True
        self._tell_room()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)
        left = dict(self._running)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        for job in left:
            await self._give_away(job)

    async def _admit(self, jobs: list[ClaimedJob]) -> list[asyncio.Task[None]]:
        if not self._is_closed:
            return [self._start(job) for job in jobs]
        for job in jobs:
            await self._give_away(job)
        return []

    def _start(self, job: ClaimedJob) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(job), name=f"job {job.kind}")
        self._running[job] = task
        task.add_done_callback(lambda _: self._ended(job))
        return task

    def _ended(self, job: ClaimedJob) -> None:
        self._running.pop(job, None)
        self._tell_room()

    def _tell_room(self) -> None:
        self._room.set()
        self._room = asyncio.Event()

    async def _run(self, job: ClaimedJob) -> None:
        began = time.monotonic()
        outcome: Outcome = "interrupted"
        try:
            outcome = await self._perform(job)
        finally:
            self._observe(job.kind, outcome, time.monotonic() - began)

    async def _perform(self, job: ClaimedJob) -> Outcome:
        try:
            async with asyncio.timeout(JOB_SECONDS_MAX):
                await self.handlers[job.kind](job.arguments)
        except Later as later:
            await self._put_back(job, delay_seconds=later.seconds, error=None, counts=False)
            return "later"
        except Exception as error:  # boundary: a job's failure is stored and retried
            return await self._failed(job, error)
        await self._settle(repository.finish(self._db, job=job))
        return "done"

    async def _failed(self, job: ClaimedJob, error: Exception) -> Outcome:
        said = (str(error) if isinstance(error, GiveUp) else said_of(error))[:ERROR_CHARACTERS_MAX]
        if job.attempt >= job.attempts_max or isinstance(error, GiveUp):
            log.error("job.died", kind=job.kind, job_id=str(job.id), attempt=job.attempt, exc_info=error)
            await self._settle(repository.bury(self._db, job=job, error=said))
            return "dead"
        log.warning("job.failed", kind=job.kind, job_id=str(job.id), attempt=job.attempt, error=type(error).__name__)
        await self._put_back(job, delay_seconds=backoff_seconds(job.attempt, noise=random.random()), error=said)
        return "failed"

    async def _put_back(self, job: ClaimedJob, *, delay_seconds: float, error: str | None, counts: bool = True) -> None:
        await self._settle(
            repository.put_back(self._db, job=job, delay_seconds=delay_seconds, error=error, counts=counts)
        )
        self._again(job.id, delay_seconds)

    async def _give_away(self, job: ClaimedJob) -> None:
        await self._put_back(job, delay_seconds=0, error=None, counts=False)

    async def _settle(self, write: Awaitable[None]) -> None:
        # Not written: the lease runs out and another process finds the job again.
        with contextlib.suppress(psycopg.Error, Unavailable):
            await write


def backoff_seconds(attempt: int, *, noise: float) -> float:
    """2, 4, 8 … s up to 15 minutes, ± 20 %. `noise` lies in [0, 1)."""
    delay: float = min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), BACKOFF_SECONDS_MAX)
    return delay * (0.8 + 0.4 * noise)

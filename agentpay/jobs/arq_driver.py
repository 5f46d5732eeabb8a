"""The other driver: arq on Redis wakes workers, PostgreSQL owns the jobs.

Redis holds ids, and an id means no more than "look". Whoever hears one claims the job that is due the longest: the
table decides the order. An id that comes twice, late or from elsewhere changes nothing; what no id tells of is found in
the table by the in-process worker, which runs beside as the safety net.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import arq.worker
import msgspec
import psycopg

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs import redis, repository
from agentpay.jobs.executor import JOB_SECONDS_MAX, Handler, Observe
from agentpay.jobs.in_process import CONCURRENCY, Worker
from agentpay.jobs.redis_link import RUN_JOB, RedisLink
from agentpay.jobs.repository import ClaimedJob
from agentpay.kit.errors import Unavailable

POLL_SECONDS: Final = 0.05
RESTART_SECONDS: Final = 0.5
# A due job that no id has brought for so long was lost on the way.
PATIENCE_SECONDS: Final = 2.0
# arq must never give up before the executor does: it would think that the job failed.
ARQ_SECONDS_MAX: Final = JOB_SECONDS_MAX * 2
HEALTH_SECONDS: Final = 60


class ArqWorker:
    """Runs jobs until `stop`, woken by `link`; by the table alone whenever Redis cannot be used."""

    def __init__(
        self,
        db: Database,
        doorbell: Doorbell,
        link: RedisLink,
        *,
        handlers: Mapping[str, Handler],
        schedules: Mapping[str, float],
        concurrency: int = CONCURRENCY,
        observe: Observe = lambda *_: None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._db = db
        self._link = link
        self._concurrency = concurrency
        self._taking: set[asyncio.Task[None]] = set()
        self._net = Worker(
            db,
            doorbell,
            handlers=handlers,
            schedules=schedules,
            concurrency=concurrency,
            observe=observe,
            again=link.push,
            patience=lambda: patience_seconds if link.is_well else 0.0,
        )
        link.on_change = self._net.wake

    async def run(self, stop: asyncio.Event, *, drain_seconds: float = 10) -> None:
        hearing = asyncio.create_task(self._hear(), name="arq")

        async def deafen() -> None:
            await stop.wait()
            await _ended(hearing)

        deafening = asyncio.create_task(deafen())
        try:
            await self._net.run(stop, drain_seconds=drain_seconds)
        finally:
            await _ended(deafening, hearing)
            await asyncio.gather(*self._taking)

    async def _hear(self) -> None:
        while True:
            await self._link.until(well=True)
            worker = self._arq()
            tasks = [asyncio.create_task(self._listen(worker)), asyncio.create_task(self._link.until(well=False))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _ended(*tasks, *worker.tasks.values())
            await asyncio.sleep(RESTART_SECONDS)

    async def _listen(self, worker: arq.worker.Worker) -> None:
        try:
            await worker.async_run()
        except redis.Trouble as error:
            self._link.lost(error)

    def _arq(self) -> arq.worker.Worker:
        run_job = arq.worker.func(self._run_job, name=RUN_JOB, keep_result=0, max_tries=1, timeout=ARQ_SECONDS_MAX)
        return arq.worker.Worker(
            [run_job],
            queue_name=redis.QUEUE,
            redis_pool=self._link.client,
            handle_signals=False,
            poll_delay=POLL_SECONDS,
            max_jobs=self._concurrency,
            job_timeout=ARQ_SECONDS_MAX,
            keep_result=0,
            max_tries=1,
            retry_jobs=False,
            health_check_interval=HEALTH_SECONDS,
            job_serializer=msgspec.msgpack.encode,
            job_deserializer=msgspec.msgpack.decode,
            log_results=False,
        )

    async def _run_job(self, ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        """What arq calls for each id. What Redis says is not believed, not even which job: the table knows."""
        taking = asyncio.create_task(self._take())
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        await asyncio.wait([taking])  # does not end the job when arq is ended

    async def _take(self) -> None:
        await self._net.executor.until_room()
        # Not claimed for a trouble of the database: the safety net finds it when that is over.
        with contextlib.suppress(psycopg.Error, Unavailable):
            if tasks := await self._net.executor.take(self._claim, count=1):
                await asyncio.wait(tasks)

    async def _claim(self, count: int) -> list[ClaimedJob]:
        return await repository.claim_jobs(self._db, kinds=self._net.executor.kinds, count=count)


async def _ended(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""This process's line to Redis: whether it works, and the ids that go through it. Losing any of it loses nothing."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from arq.connections import ArqRedis

from agentpay.jobs import redis

log = structlog.get_logger()

RUN_JOB: Final = "run_job"
WAITING_MAX: Final = 10_000
PROBE_SECONDS: Final = 1.0
# Asked for a moment too early, a job would not be due by the database's clock.
EARLY_SECONDS: Final = 0.05


class RedisLink:
    """Pushes ids of jobs and watches whether Redis takes them. Until the first look it counts as not well.

    While it is not well, ids are dropped: workers find the jobs in the table. Told once in the log, each way.
    """

    def __init__(
        self, url: str, *, probe_seconds: float = PROBE_SECONDS, answer_seconds: float = redis.ANSWER_SECONDS_MAX
    ) -> None:
        self.client: ArqRedis = redis.connect(url, answer_seconds=answer_seconds)
        self.on_change: Callable[[], None] = lambda: None
        self._probe_seconds = probe_seconds
        self._answer_seconds = answer_seconds
        self._is_well: bool | None = None
        self._changed = asyncio.Event()
        self._waiting: list[tuple[UUID, float]] = []
        self._pushed = asyncio.Event()

    @property
    def is_well(self) -> bool:
        return bool(self._is_well)

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    def push(self, job_id: UUID, delay_seconds: float) -> None:
        """Wake a worker with this id, in `delay_seconds`."""
        if self._is_well is not False and len(self._waiting) < WAITING_MAX:
            self._waiting.append((job_id, delay_seconds))
            self._pushed.set()

    async def until(self, *, well: bool) -> None:
        """Wait until it is well, or is not."""
        while self.is_well is not well:
            await self._changed.wait()

    async def run(self) -> None:
        """Look and send until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._send())

    async def close(self) -> None:
        """Send what still waits, as far as Redis takes it at once, and close the connections."""
        if self.is_well:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._answer_seconds):
                    await self._send_waiting()
        await self.client.aclose(close_connection_pool=True)

    def lost(self, error: BaseException) -> None:
        """Somebody found out that it does not work."""
        if self._is_well is not False:
            log.warning("redis.lost", error=type(error).__name__)
        self._waiting.clear()
        self._turn(well=False)

    def _turn(self, *, well: bool) -> None:
        if self._is_well is well:
            return
        self._is_well = well
        self._changed.set()
        self._changed = asyncio.Event()
        self.on_change()

    async def _watch(self) -> None:
        while True:
            try:
                await redis.probe(self.client, answer_seconds=self._answer_seconds)
            except redis.Trouble as error:
                self.lost(error)
            else:
                if self._is_well is False:
                    log.info("redis.returned")
                self._turn(well=True)
            await asyncio.sleep(self._probe_seconds)

    async def _send(self) -> None:
        while True:
            await self._pushed.wait()
            self._pushed.clear()
            await self.until(well=True)
            await self._send_waiting()

    async def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            for job_id, delay in waiting:
                defer_by = delay + EARLY_SECONDS if delay else None
                async with asyncio.timeout(self._answer_seconds):
                    await self.client.enqueue_job(RUN_JOB, str(job_id), _defer_by=defer_by)
        except redis.Trouble as error:
            self.lost(error)

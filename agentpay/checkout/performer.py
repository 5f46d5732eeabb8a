"""Performing checkouts in this process as tasks of its own: whoever waits may leave, the task goes on."""

import asyncio
import time
from uuid import UUID

import structlog

from agentpay.checkout.moves import WAIT_SECONDS
from agentpay.checkout.perform import perform
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.polar.gateway import PolarGateway

log = structlog.get_logger()

LOOK_SECONDS = 0.25


class Performer:
    """One a process. `settle` performs a row now; parallel callers share one task."""

    def __init__(self, db: Database, polar: PolarGateway, appender: Appender, jobs: Jobs) -> None:
        self._db = db
        self._polar = polar
        self._appender = appender
        self._jobs = jobs
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def settle(self, *, organization_id: UUID, checkout_id: UUID, seconds: float = WAIT_SECONDS) -> None:
        """Have the row performed, and wait at most `seconds` until it is settled or has to wait for longer.

        What is not done by then is done by the row's job. Raises nothing of Polar's.
        """
        task = self._tasks.get(checkout_id)
        if task is None:
            task = asyncio.create_task(self._perform(organization_id, checkout_id, time.monotonic() + seconds))
            self._tasks[checkout_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(checkout_id, None))
        await asyncio.wait({task}, timeout=seconds)

    async def drain(self, *, seconds: float) -> None:
        """Let running tasks finish, then cancel what is left: their rows' leases run out and jobs go on with them."""
        tasks = set(self._tasks.values())
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=seconds)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _perform(self, organization_id: UUID, checkout_id: UUID, deadline: float) -> None:
        try:
            while True:
                wait = await perform(
                    self._db,
                    self._polar,
                    self._appender,
                    self._jobs,
                    organization_id=organization_id,
                    checkout_id=checkout_id,
                )
                if wait is None or time.monotonic() >= deadline:
                    return
                # Looked at often: another process, or a webhook, may settle it meanwhile.
                await asyncio.sleep(min(wait, LOOK_SECONDS))
        except Exception as error:  # boundary: a task of this process; the row's job tries again
            log.error("checkout.perform_failed", checkout_id=str(checkout_id), exc_info=error)

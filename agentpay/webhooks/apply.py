"""Applying deliveries: claimed in batches by any worker, each handled on its own, parked after its tries."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit.errors import Unavailable
from agentpay.kit.traces import said_of
from agentpay.webhooks import repository
from agentpay.webhooks.repository import ClaimedDelivery

log = structlog.get_logger()

TOPIC = "deliveries"
BATCH = 20
CONCURRENCY = 4
POLL_SECONDS = 1.0
DELIVERY_SECONDS_MAX = 45
TRIES_MAX = 10
BACKOFF_SECONDS = 2.0
BACKOFF_SECONDS_MAX = 900.0

# Applies one event's data; `sent_at` is the envelope's time. False: nothing of ours, ignored. Must be idempotent.
Handler = Callable[[UUID, Any, datetime], Awaitable[bool]]
OnApplied = Callable[[str, float | None], None]
"""Outcome (`applied`, `ignored`, `failed`, `parked`); of the first two the seconds since the delivery came."""


class DeliveryWorker:
    """Applies deliveries until stopped. One a process; any number of processes."""

    def __init__(
        self, db: Database, doorbell: Doorbell, *, handlers: Mapping[str, Handler], observe: OnApplied = lambda *_: None
    ) -> None:
        self._db = db
        self._doorbell = doorbell
        self._handlers = handlers
        self._observe = observe
        self._news = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Up to `CONCURRENCY` at once: one that hangs takes its own place, no other delivery's. What is claimed when
        `stop` comes is still applied."""
        unsubscribe = self._doorbell.subscribe(TOPIC, lambda _: self._news.set())
        waiting: deque[ClaimedDelivery] = deque()
        running: set[asyncio.Task[None]] = set()
        try:
            while not stop.is_set() or waiting or running:
                self._news.clear()
                if not waiting and not stop.is_set() and len(running) < CONCURRENCY:
                    waiting.extend(await self._claim())
                while waiting and len(running) < CONCURRENCY:
                    task = asyncio.create_task(self._apply(waiting.popleft()), name="delivery")
                    running.add(task)
                    task.add_done_callback(running.discard)
                await self._wait(stop, running)
        finally:
            unsubscribe()
            for task in running:
                task.cancel()

    async def apply_due(self) -> int:
        """Apply one batch of what is due; returns how many were taken: for tests."""
        deliveries = await self._claim()
        turnstile = asyncio.Semaphore(CONCURRENCY)

        async def one(delivery: ClaimedDelivery) -> None:
            async with turnstile:
                await self._apply(delivery)

        await asyncio.gather(*(one(delivery) for delivery in deliveries))
        return len(deliveries)

    async def _claim(self) -> list[ClaimedDelivery]:
        """In the envelope's order as far as a batch goes: fewer late changes to undo."""
        try:
            claimed = await repository.claim_deliveries(self._db, count=BATCH)
        except (psycopg.Error, Unavailable) as error:
            log.warning("deliveries.unreachable", error=type(error).__name__)
            return []
        return sorted(claimed, key=lambda each: each.sent_at)

    async def _wait(self, stop: asyncio.Event, running: set[asyncio.Task[None]]) -> None:
        """Until one is done, there are news, it is time to look again, or to stop."""
        waits = [asyncio.create_task(self._news.wait())]
        if not stop.is_set():
            waits.append(asyncio.create_task(stop.wait()))
        if running or not stop.is_set():
            await asyncio.wait([*waits, *running], timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _apply(self, delivery: ClaimedDelivery) -> None:
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                applied = await self._handle(delivery)
        except Exception as error:  # boundary: a poisoned delivery is put back or parked, and blocks nobody
            await self._failed(delivery, error)
            return
        with contextlib.suppress(psycopg.Error, Unavailable):  # unsettled: applied again after the lease, no harm
            status = "applied" if applied else "ignored"
            lag = await repository.settle(self._db, delivery=delivery, status=status)
            if lag is not None:
                self._observe(status, lag)

    async def _handle(self, delivery: ClaimedDelivery) -> bool:
        handler = self._handlers.get(delivery.type)
        if handler is None or delivery.body is None:
            return False
        data = msgspec.json.decode(delivery.body).get("data")
        return await handler(delivery.organization_id, data, delivery.sent_at)

    async def _failed(self, delivery: ClaimedDelivery, error: Exception) -> None:
        parks = delivery.attempt >= TRIES_MAX
        names = {"delivery_id": str(delivery.id), "type": delivery.type, "attempt": delivery.attempt}
        if parks:
            log.error("delivery.parked", **names, exc_info=error)
        else:
            log.warning("delivery.failed", **names, error=type(error).__name__)
        self._observe("parked" if parks else "failed", None)
        delay: float = min(BACKOFF_SECONDS * 2.0 ** (delivery.attempt - 1), BACKOFF_SECONDS_MAX)
        with contextlib.suppress(psycopg.Error, Unavailable):
            await repository.put_back(
                self._db,
                delivery=delivery,
                error=said_of(error),
                delay_seconds=delay * (0.8 + 0.4 * random.random()),
                parks=parks,
            )

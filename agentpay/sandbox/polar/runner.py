"""What happens by itself: payments, late notices, webhook attempts, expiry, renewals."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from agentpay.sandbox.polar import (
    confirming,
    constants,
    customers,
    deliveries,
    emitting,
    fulfilment,
    grants,
    refunding,
    subscription_life,
)
from agentpay.sandbox.polar.entities import Job
from agentpay.sandbox.polar.state import PolarState

POLL_SECONDS: Final = 0.1
"""How soon a moved clock is noticed when nobody said so."""

DEEDS: Final[dict[str, Callable[..., Any]]] = {
    "payment_succeeded": fulfilment.payment_succeeded,
    "payment_failed": confirming.payment_failed,
    "checkout_updated": fulfilment.checkout_updated,
    "order_fee": fulfilment.order_fee,
    "renewal_paid": subscription_life.renewal_paid,
    "refund_settled": refunding.refund_settled,
    "customer_events": customers.emit_events,
    "benefits_granted": grants.benefits_granted,
}


class Runner:
    """Does a stand-in's due jobs until cancelled. One per state.

    Webhooks leave through `http`; a client of its own is opened with the first of them.
    """

    def __init__(self, state: PolarState, http: httpx.AsyncClient | None = None) -> None:
        self._state = state
        self.http = http
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sending: set[asyncio.Task[None]] = set()
        self._expiry_due = self._next_expiry()

    async def run(self) -> None:
        try:
            while True:
                self._state.wake.clear()
                self._do_due()
                # Not `wait_for`: before Python 3.12 it can swallow the cancellation that ends this loop.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._state.wake.wait()
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
            if self.http is not None:
                await self.http.aclose()

    async def settle(self) -> None:
        """Wait until nothing is due and no webhook is under way. Later jobs, like retries, are left alone."""
        while self._is_anything_due() or self._sending:
            self._do_due()
            if self._sending:
                await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)

    def _is_anything_due(self) -> bool:
        now = self._state.now()
        return now >= self._expiry_due or any(job.due <= now for job in self._state.jobs)

    def _pause(self) -> float:
        now = self._state.now()
        waits = [(job.due - now).total_seconds() for job in self._state.jobs]
        return max(0.0, min([*waits, POLL_SECONDS]))

    def _do_due(self) -> None:
        if self._state.now() >= self._expiry_due:
            self._expiry_due = self._next_expiry()
            expire(self._state)
        subscription_life.renew_due(self._state)
        while due := self._due_jobs():
            for job in due:
                self._state.jobs.drop(job.id)
                self._do(job)

    def _due_jobs(self) -> list[Job]:
        now = self._state.now()
        return sorted((job for job in self._state.jobs if job.due <= now), key=lambda job: job.due)

    def _do(self, job: Job) -> None:
        if job.kind == "deliver":
            task = asyncio.create_task(self._deliver(**job.arguments))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
            return
        DEEDS[job.kind](self._state, **job.arguments)

    async def _deliver(self, event_id: str, in_turn: bool, is_redelivery: bool = False) -> None:
        event = self._state.webhook_events.find(event_id)
        if event is None:
            return
        if not in_turn:
            await deliveries.attempt(self._state, self._client(), event_id, is_redelivery=is_redelivery)
            return
        # First attempts of an endpoint go out in order; the lock is first come, first served.
        async with self._turns[event.endpoint_id]:
            await deliveries.attempt(self._state, self._client(), event_id)

    def _client(self) -> httpx.AsyncClient:
        if self.http is None:
            timeout = httpx.Timeout(constants.WEBHOOK_TIMEOUT_SECONDS)
            self.http = httpx.AsyncClient(timeout=timeout, follow_redirects=False)
        return self.http

    def _next_expiry(self) -> datetime:
        return self._state.now() + timedelta(seconds=constants.EXPIRY_JOB_SECONDS)


def expire(state: PolarState) -> None:
    """The quarter-hourly job: open checkouts past their time become `expired`, and that is told (contract § 3.3)."""
    now = state.now()
    for checkout in state.checkouts:
        if checkout.status == "open" and checkout.expires_at <= now:
            expired = state.checkouts.put(msgspec.structs.replace(checkout, status="expired", modified_at=now))
            emitting.emit_checkout(state, "checkout.expired", expired)

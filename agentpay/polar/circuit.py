"""One merchant's trouble stays theirs: bounded concurrency and a circuit breaker per organization, in this process.

`now` is a monotonic time in seconds throughout.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agentpay.polar import errors

CALLS_AT_ONCE_MAX = 8
SLOT_WAIT_SECONDS_MAX = 5.0
FAILURES_UNTIL_PAUSE = 5
PAUSE_SECONDS_MIN = 5.0
PAUSE_SECONDS_MAX = 60.0
# Polar always says 60, even shortly before its window ends: one call finds out earlier (OFFERS D11).
LIMITED_PROBE_SECONDS = (5.0, 10.0)


class Circuit:
    """Closed: calls pass. After `FAILURES_UNTIL_PAUSE` failures in a row, or a 429, it pauses; then one call probes."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE_MAX)
        self._failures = 0
        self._paused_until = 0.0
        self._is_probing = False
        self._is_suspect = False

    @property
    def is_paused(self) -> bool:
        """Whether calls are refused now, unsent."""
        return self._monotonic() < self._paused_until

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the organization's slots during a call and learn from how it ends.

        Raises `PolarError` paused (nothing was sent) instead of waiting long.
        """
        probes = self._enter(self._monotonic())
        try:
            await self._take_slot()
            try:
                yield
                self._succeeded()
            except errors.PolarError as error:
                self._failed(error, self._monotonic())
                raise
            finally:
                self._slots.release()
        finally:
            if probes:
                self._is_probing = False

    async def _take_slot(self) -> None:
        try:
            async with asyncio.timeout(SLOT_WAIT_SECONDS_MAX):
                await self._slots.acquire()
        except TimeoutError:
            raise errors.PolarError("paused", retry_hint=SLOT_WAIT_SECONDS_MAX) from None

    def _enter(self, now: float) -> bool:
        """Whether this call is the probe. Raises while paused, or while another call probes."""
        if now < self._paused_until:
            raise errors.PolarError("paused", retry_hint=self._paused_until - now)
        if not self._is_suspect:
            return False
        if self._is_probing:
            raise errors.PolarError("paused", retry_hint=1.0)
        self._is_probing = True
        return True

    def _succeeded(self) -> None:
        self._failures, self._is_suspect = 0, False

    def _failed(self, error: errors.PolarError, now: float) -> None:
        if error.kind == "rate_limited":
            # Spread, so that replicas do not probe together.
            hint = LIMITED_PROBE_SECONDS[1] if error.retry_hint is None else error.retry_hint
            self._pause(now, min(random.uniform(*LIMITED_PROBE_SECONDS), hint))
        elif error.kind not in errors.TROUBLE:
            self._succeeded()
        else:
            self._failures += 1
            excess = self._failures - FAILURES_UNTIL_PAUSE
            if excess >= 0:
                self._pause(now, min(PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN * 2 ** min(excess, 8)))

    def _pause(self, now: float, seconds: float) -> None:
        self._paused_until, self._is_suspect = now + seconds, True

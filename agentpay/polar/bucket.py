"""Polar's limit, shared by all replicas: a sliding minute counted in Postgres, taken in chunks (DESIGN § 7).

Polar counts fixed minutes that start with a first call we do not know, so we keep every minute's worth of calls below
the limit: what this calendar minute used plus the still overlapping share of the one before.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from agentpay.db.engine import Database
from agentpay.polar.errors import PolarError

Environment = Literal["production", "sandbox", "custom"]
Priority = Literal["revocation", "checkout", "sync", "poll"]

CALLS_PER_MINUTE: dict[Environment, int] = {"production": 500, "sandbox": 100, "custom": 500}
# Share of the limit that each may use up, in percent: what is left is for those who matter more, and the last
# five for the merchant's other integrations.
CEILING_PERCENT: dict[Priority, int] = {"revocation": 95, "checkout": 85, "sync": 60, "poll": 40}
# Who only asks whether something is new asks another time.
WAIT_SECONDS_MAX: dict[Priority, float] = {"revocation": 10.0, "checkout": 4.0, "sync": 60.0, "poll": 0.0}
CHUNK_CALLS_MAX = 20
CHUNKS_PER_LIMIT = 20
POLL_SECONDS = 1.0

OnWait = Callable[[Priority, float], None]
"""Hears for how many seconds each call waited for leave, also in vain."""

# The busiest organization, by the same sum that `_TAKE` keeps below the ceiling.
_MEASURE = """
with moment as materialized (
  select date_trunc('minute', t) as minute, 1 - extract(epoch from t - date_trunc('minute', t)) / 60 as share
  from (select clock_timestamp() as t) clock
), used as (
  select w.bucket, sum(case when w.window_start = m.minute then w.used else w.used * m.share end) as calls
  from rate_windows w, moment m
  where w.bucket like 'polar:%%' and w.window_start >= m.minute - interval '1 minute' group by w.bucket
)
select coalesce(max(u.calls / case o.polar_environment when 'sandbox' then %(sandbox)s else %(others)s end), 0)::float8
from used u join organizations o on u.bucket = 'polar:' || o.id
"""

_TAKE = """
with moment as materialized (
  select date_trunc('minute', t) as minute, 1 - extract(epoch from t - date_trunc('minute', t)) / 60 as share
  from (select clock_timestamp() as t) clock
), carried as materialized (
  select ceil(coalesce(max(w.used), 0) * max(m.share)) as used from moment m
  left join rate_windows w on w.bucket = %(bucket)s and w.window_start = m.minute - interval '1 minute'
)
insert into rate_windows (bucket, window_start, used)
select %(bucket)s, minute, %(calls)s from moment, carried where carried.used + %(calls)s <= %(ceiling)s
on conflict (bucket, window_start) do update set used = rate_windows.used + excluded.used
where rate_windows.used + excluded.used + (select used from carried) <= %(ceiling)s
returning extract(epoch from window_start + interval '1 minute' - clock_timestamp())::float8
"""


class _Chunk:
    """Calls this process may still make, until the minute they were taken in is over."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.calls = 0
        self.good_until = 0.0


class Bucket:
    """One per process; the counters are in the database, by its clock."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._chunks: dict[tuple[str, Priority], _Chunk] = {}
        self.on_wait: OnWait = _unobserved

    async def take(self, *, key: str, environment: Environment, priority: Priority) -> None:
        """Wait for leave to make one call. Raises `PolarError` rate_limited (nothing sent) after a while."""
        limit = CALLS_PER_MINUTE[environment]
        chunk = self._chunks.setdefault((key, priority), _Chunk())
        began = time.monotonic()
        deadline = began + WAIT_SECONDS_MAX[priority]
        try:
            async with chunk.lock:
                while not await self._fill(chunk, key=key, limit=limit, priority=priority):
                    if time.monotonic() + POLL_SECONDS > deadline:
                        raise PolarError("rate_limited", retry_hint=POLL_SECONDS * 5)
                    await asyncio.sleep(POLL_SECONDS)
                chunk.calls -= 1
        finally:
            self.on_wait(priority, time.monotonic() - began)

    async def _fill(self, chunk: _Chunk, *, key: str, limit: int, priority: Priority) -> bool:
        if chunk.calls > 0 and time.monotonic() < chunk.good_until:
            return True
        ceiling = limit * CEILING_PERCENT[priority] // 100
        for calls in (min(CHUNK_CALLS_MAX, limit // CHUNKS_PER_LIMIT), 1):
            good_for = await self._db.value(_TAKE, {"bucket": f"polar:{key}", "calls": calls, "ceiling": ceiling})
            if good_for is not None:
                chunk.calls, chunk.good_until = calls, time.monotonic() + good_for
                return True
        return False


async def measure_use(db: Database) -> float:
    """How much of its limit at Polar the busiest organization has used in the sliding minute: 0 to 1."""
    used: float = await db.value(
        _MEASURE, {"sandbox": CALLS_PER_MINUTE["sandbox"], "others": CALLS_PER_MINUTE["production"]}
    )
    return used


def _unobserved(priority: Priority, seconds: float) -> None:
    """Nobody counts waits, until the composition root says who does."""

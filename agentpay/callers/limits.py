"""How often: counters in windows of the database's clock, so that a limit holds across replicas."""

from agentpay.db.engine import Database
from agentpay.db.transaction import Tx
from agentpay.kit.errors import Limited

PURGED_AFTER_HOURS = 25  # the longest window is a day
PURGE_ROWS_MAX = 10_000

_COUNT = """
with now_window as (
    select date_bin(make_interval(secs => %(seconds)s), clock_timestamp(), timestamptz '2000-01-01Z') as start
), hit as (
    insert into rate_windows as w (bucket, window_start, used)
    select %(bucket)s, start, 1 from now_window where %(limit)s > 0
    on conflict (bucket, window_start) do update set used = w.used + 1 where w.used < %(limit)s
    returning used
)
select (select used from hit) as used,
       ceil(extract(epoch from start + make_interval(secs => %(seconds)s) - clock_timestamp()))::int as left_seconds
from now_window
"""


async def count(db: Database | Tx, *, bucket: str, limit: int, window_seconds: int = 60) -> None:
    """Count one use of `bucket`. Raises `Limited` when `limit` uses were counted in this window already.

    `bucket` is a name of ours with ids and hashes in it, never an address or a credential. One statement; a use that is
    refused is not counted. `Limited.retry_after` is when the next window begins.
    """
    row = await db.one(_COUNT, {"bucket": bucket, "limit": limit, "seconds": window_seconds})
    assert row is not None
    if row["used"] is None:
        raise Limited(retry_after=row["left_seconds"])


async def purge(db: Database) -> int:
    """Forget windows that nobody counts in any more; returns how many. Bounded: call again while it is full."""
    return await db.run(
        """
        delete from rate_windows where (bucket, window_start) in (
            select bucket, window_start from rate_windows
            where window_start < now() - make_interval(hours => %(hours)s) limit %(rows)s
        )
        """,
        {"hours": PURGED_AFTER_HOURS, "rows": PURGE_ROWS_MAX},
    )

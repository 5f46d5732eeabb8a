"""Queries of the job table. Due times and leases are by the database's clock; `attempt` fences late finishers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.ids import uuid7

LEASE_SECONDS: Final = 15
ATTEMPTS_MAX: Final = 8
LIST_DEFAULT: Final = 50
LIST_MAX: Final = 1_000
PURGE_ROWS_MAX: Final = 5_000
SAMPLING: Final = "jobs.sampling"


class ClaimedJob(msgspec.Struct, frozen=True, eq=False):
    id: UUID
    kind: str
    arguments: dict[str, Any]
    attempt: int
    attempts_max: int


_CLAIM = f"""
update jobs set status = 'running', attempt = attempt + 1,
  lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
where id in (
  select id from jobs
  where status in ('pending', 'running') and run_at <= clock_timestamp() - make_interval(secs => %(overdue)s)
    and (status = 'pending' or lease_until < clock_timestamp()) and kind = any(%(kinds)s)
  order by run_at, id limit %(count)s for update skip locked)
returning id, kind, arguments, attempt, attempts_max
"""


async def claim_jobs(db: Database, *, kinds: list[str], count: int, overdue_seconds: float = 0) -> list[ClaimedJob]:
    """Take up to `count` jobs of `kinds` that are due since `overdue_seconds`, those with a lost lease included.

    The longest due first.
    """
    async with db.connection() as tx:
        return await tx.all(_CLAIM, {"count": count, "kinds": kinds, "overdue": overdue_seconds}, row=ClaimedJob)


async def renew_leases(db: Database, *, jobs: list[ClaimedJob]) -> set[tuple[UUID, int]]:
    """Returns the ids and attempts of those that are still ours; the others were taken over or ended."""
    rows = await db.all(
        f"""update jobs set lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
        from unnest(%(ids)s::uuid[], %(attempts)s::int[]) as held(id, attempt)
        where jobs.id = held.id and jobs.attempt = held.attempt and status = 'running'
        returning jobs.id, jobs.attempt""",
        {"ids": [job.id for job in jobs], "attempts": [job.attempt for job in jobs]},
    )
    return {(row["id"], row["attempt"]) for row in rows}


async def finish(db: Database, *, job: ClaimedJob) -> None:
    await db.run(
        "update jobs set status = 'done', finished_at = clock_timestamp(), lease_until = null, error = null"
        " where id = %(id)s and attempt = %(attempt)s and status = 'running'",
        {"id": job.id, "attempt": job.attempt},
    )


async def put_back(
    db: Database, *, job: ClaimedJob, delay_seconds: float, error: str | None, counts: bool = True
) -> None:
    """Pending again after `delay_seconds`. `counts` false: this was no try."""
    await db.run(
        """update jobs set status = 'pending', lease_until = null, error = %(error)s,
        attempt = attempt - %(uncounted)s, run_at = clock_timestamp() + make_interval(secs => %(delay)s)
        where id = %(id)s and attempt = %(attempt)s and status = 'running'""",
        {
            "id": job.id,
            "attempt": job.attempt,
            "delay": delay_seconds,
            "error": error,
            "uncounted": 0 if counts else 1,
        },
    )


async def bury(db: Database, *, job: ClaimedJob, error: str) -> None:
    """Dead: no further try by itself. `agentpay jobs retry` brings it back."""
    await db.run(
        "update jobs set status = 'dead', finished_at = clock_timestamp(), lease_until = null, error = %(error)s"
        " where id = %(id)s and attempt = %(attempt)s and status = 'running'",
        {"id": job.id, "attempt": job.attempt, "error": error},
    )


async def enqueue_due_schedules(db: Database, *, schedules: Mapping[str, float]) -> list[UUID]:
    """For each recurring kind (→ seconds) that is due: one job, by exactly one of all processes. Returns its id.

    Two rounds of one kind never wait at the same time.
    """
    async with db.connection() as tx:
        rows = await tx.all(
            """with due as (
              select wanted.* from unnest(%(kinds)s::text[], %(seconds)s::float8[], %(ids)s::uuid[])
                as wanted (kind, seconds, id)
              left join schedules on schedules.kind = wanted.kind
              where schedules.kind is null or schedules.next_at <= clock_timestamp()
              order by wanted.kind
            ), taken as (
              insert into schedules (kind, next_at)
                select kind, clock_timestamp() + make_interval(secs => seconds) from due
              on conflict (kind) do update set next_at = excluded.next_at where schedules.next_at <= clock_timestamp()
              returning kind)
            insert into jobs (id, kind, dedupe_key, attempts_max)
              select due.id, due.kind, 'schedule:' || due.kind, 1 from due join taken on taken.kind = due.kind
            on conflict (dedupe_key) where status in ('pending', 'running') do nothing
            returning id""",
            {
                "kinds": list(schedules),
                "seconds": [float(seconds) for seconds in schedules.values()],  # psycopg refuses lists of mixed types
                "ids": [uuid7() for _ in schedules],
            },
        )
    return [row["id"] for row in rows]


async def list_jobs(
    db: Database, *, status: str | None = None, kind: str | None = None, limit: int = LIST_DEFAULT
) -> list[Row]:
    """Newest first, for the operator; at most `LIST_MAX`."""
    return await db.all(
        """select id, kind, arguments, status, attempt, attempts_max, run_at, error, created_at, finished_at from jobs
        where (%(status)s::text is null or status = %(status)s) and (%(kind)s::text is null or kind = %(kind)s)
        order by id desc limit %(limit)s""",
        {"status": status, "kind": kind, "limit": min(limit, LIST_MAX)},
    )


async def retry_dead(db: Database, *, job_ids: Sequence[UUID] | None = None) -> list[UUID]:
    """Give dead jobs (None = all) another `ATTEMPTS_MAX` tries; returns which.

    Tries go on counting, so that a frozen process's old attempt stays fenced. Left as they are: jobs that are not
    dead, and those whose key another one has taken up meanwhile (of several with one key the newest is retried).
    """
    rows = await db.all(
        """update jobs set status = 'pending', attempts_max = attempt + %(tries)s, run_at = clock_timestamp(),
          finished_at = null
        where id in (
          select distinct on (coalesce(dedupe_key, id::text)) id from jobs dead
          where status = 'dead' and (%(ids)s::uuid[] is null or id = any(%(ids)s))
            and not exists (
              select from jobs live
              where live.dedupe_key = dead.dedupe_key and live.status in ('pending', 'running'))
          order by coalesce(dedupe_key, id::text), id desc)
        returning id""",
        {"ids": None if job_ids is None else list(job_ids), "tries": ATTEMPTS_MAX},
    )
    return [row["id"] for row in rows]


async def purge_finished(db: Database, *, done_hours: int = 24, dead_days: int = 30) -> int:
    return await db.run(
        """delete from jobs where id in (
          select id from jobs
          where (status = 'done' and finished_at < clock_timestamp() - make_interval(hours => %(hours)s))
            or (status = 'dead' and finished_at < clock_timestamp() - make_interval(days => %(days)s))
          limit %(batch)s)""",
        {"hours": done_hours, "days": dead_days, "batch": PURGE_ROWS_MAX},
    )


async def hold_sampling(db: Database, *, held: datetime | None, seconds: float) -> datetime | None:
    """Be the one process that samples, for `seconds` more. Returns what to come back with; None: another one is.

    The row of `schedules` is a lease; the exact time that its holder wrote is its key.
    """
    return await db.value(  # type: ignore[no-any-return] # a timestamptz
        f"""insert into schedules (kind, next_at)
          values ('{SAMPLING}', clock_timestamp() + make_interval(secs => %(seconds)s))
        on conflict (kind) do update set next_at = excluded.next_at
          where schedules.next_at <= clock_timestamp() or schedules.next_at = %(held)s
        returning next_at""",
        {"held": held, "seconds": seconds},
    )


async def count_jobs(db: Database) -> list[Row]:
    """By kind and status, without those that are done: indexes of the few others answer."""
    return await db.all(
        """select kind, status, count(*) from jobs where status in ('pending', 'running') group by kind, status
        union all select kind, status, count(*) from jobs where status = 'dead' group by kind, status"""
    )


async def measure_backlog(db: Database) -> Row:
    """`oldest_seconds`: how long the longest due job waits. `retrying`: waiting ones that have failed."""
    row = await db.one(
        """select coalesce(extract(epoch from clock_timestamp() - min(run_at) filter (
            where run_at <= clock_timestamp() and (status = 'pending' or lease_until < clock_timestamp()))), 0)::float8
            as oldest_seconds,
          count(*) filter (where status = 'pending' and error is not null) as retrying
        from jobs where status in ('pending', 'running')"""
    )
    assert row is not None
    return row

"""Queries of the job table. Due times and leases are by the database's clock; `attempt` fences late finishers."""

from typing import Any
from uuid import UUID

import msgspec

from agentpay.db.engine import Database
from agentpay.db.transaction import Row

LEASE_SECONDS = 15
LIST_MAX = 100
PURGE_ROWS_MAX = 5_000


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
  order by run_at limit %(count)s for update skip locked)
returning id, kind, arguments, attempt, attempts_max
"""


async def claim_jobs(db: Database, *, kinds: list[str], count: int, overdue_seconds: float = 0) -> list[ClaimedJob]:
    """Take up to `count` due jobs of `kinds`, those with a lost lease included."""
    async with db.connection() as tx:
        return await tx.all(_CLAIM, {"count": count, "kinds": kinds, "overdue": overdue_seconds}, row=ClaimedJob)


async def renew_leases(db: Database, *, jobs: list[ClaimedJob]) -> None:
    await db.run(
        f"""update jobs set lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
        from unnest(%(ids)s::uuid[], %(attempts)s::int[]) as held(id, attempt)
        where jobs.id = held.id and jobs.attempt = held.attempt and status = 'running'""",
        {"ids": [job.id for job in jobs], "attempts": [job.attempt for job in jobs]},
    )


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


async def enqueue_due_schedules(db: Database, *, schedules: dict[str, float], new_id: Any) -> int:
    """For each recurring kind that is due: one job, by exactly one of all processes. Returns how many were added."""
    added = 0
    for kind, every in schedules.items():
        added += await db.run(
            """with taken as (
              insert into schedules (kind, next_at)
                values (%(kind)s, clock_timestamp() + make_interval(secs => %(every)s))
              on conflict (kind) do update set next_at = excluded.next_at where schedules.next_at <= clock_timestamp()
              returning kind)
            insert into jobs (id, kind, dedupe_key, attempts_max) select %(id)s, kind, 'schedule:' || kind, 1 from taken
            on conflict (dedupe_key) where status in ('pending', 'running') do nothing""",
            {"kind": kind, "every": every, "id": new_id()},
        )
    return added


async def list_jobs(db: Database, *, status: str | None = None, limit: int = LIST_MAX) -> list[Row]:
    """Newest first, for the operator."""
    return await db.all(
        """select id, kind, arguments, status, attempt, attempts_max, run_at, error, created_at, finished_at from jobs
        where %(status)s::text is null or status = %(status)s order by created_at desc limit %(limit)s""",
        {"status": status, "limit": min(limit, LIST_MAX)},
    )


async def retry_dead(db: Database, *, job_id: UUID | None = None) -> int:
    """Give dead jobs (or one) their tries back; returns how many."""
    return await db.run(
        """update jobs set status = 'pending', attempt = 0, run_at = clock_timestamp(), finished_at = null
        where status = 'dead' and (%(id)s::uuid is null or id = %(id)s)""",
        {"id": job_id},
    )


async def purge_finished(db: Database, *, done_hours: int = 24, dead_days: int = 30) -> int:
    return await db.run(
        """delete from jobs where id in (
          select id from jobs
          where (status = 'done' and finished_at < clock_timestamp() - make_interval(hours => %(hours)s))
            or (status = 'dead' and finished_at < clock_timestamp() - make_interval(days => %(days)s))
          limit %(batch)s)""",
        {"hours": done_hours, "days": dead_days, "batch": PURGE_ROWS_MAX},
    )

"""The job table by itself: what the drivers' contract (`test_contract.py`) does not tell."""

import asyncio
from typing import Any

from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.errors import GiveUp
from agentpay.jobs.executor import Executor, backoff_seconds
from agentpay.jobs.in_process import Worker
from tests.jobs.bench import KIND, Bench


def table_worker(bench: Bench) -> Worker:
    return Worker(bench.db, bench.doorbell, handlers={KIND: bench.count}, schedules={})


async def test_twenty_workers_at_once_run_each_job_once(db: Database) -> None:
    bench = Bench(db)
    for n in range(30):
        await bench.enqueue(key=f"k{n}")
    await asyncio.gather(*(table_worker(bench).run_due() for _ in range(20)))
    assert len(bench.ran) == 30


async def test_a_job_whose_time_has_not_come_is_not_due(db: Database) -> None:
    bench = Bench(db)
    await bench.enqueue(delay_seconds=60)
    assert await table_worker(bench).run_due() == 0


async def test_a_recurring_kind_is_due_once_for_all_processes(db: Database) -> None:
    schedules = {"tests.tick": 60.0, "tests.tock": 60.0}
    added = await asyncio.gather(*(repository.enqueue_due_schedules(db, schedules=schedules) for _ in range(10)))
    assert sum(map(len, added)) == 2
    await db.run("update schedules set next_at = now() where kind = 'tests.tick'")
    assert await repository.enqueue_due_schedules(db, schedules=schedules) == [], "the first one still waits"


async def test_a_job_that_another_process_has_meanwhile_is_stopped_here(db: Database) -> None:
    bench, stopped = Bench(db), asyncio.Event()

    async def endless(_: dict[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    executor = Executor(db, handlers={KIND: endless}, concurrency=2)
    await bench.enqueue()

    async def claim(count: int) -> list[repository.ClaimedJob]:
        return await repository.claim_jobs(db, kinds=[KIND], count=count)

    (task,) = await executor.take(claim)
    await executor.renew_once()
    assert not task.done()
    await db.run("update jobs set attempt = attempt + 1 where kind = %s", (KIND,))
    await executor.renew_once()
    await asyncio.wait([task])
    assert stopped.is_set()
    assert await bench.statuses() == ["running"], "the other one's"


async def test_of_dead_jobs_with_one_key_one_is_retried_and_none_beside_a_live_one(db: Database) -> None:
    bench = Bench(db)
    for _ in range(2):
        bench.trouble = [GiveUp("no use")]
        await bench.enqueue(key="once")
        await table_worker(bench).run_due()
    first, second = await bench.rows()
    assert await repository.retry_dead(db, job_ids=[first["id"], second["id"]]) == [second["id"]]
    assert await repository.retry_dead(db) == [], "the key is taken"
    await table_worker(bench).run_due()
    assert await repository.retry_dead(db) == [first["id"]]
    (row, _) = await bench.rows()
    assert row["attempts_max"] == row["attempt"] + repository.ATTEMPTS_MAX


async def test_what_is_done_is_forgotten_and_what_is_dead_is_kept(db: Database) -> None:
    bench = Bench(db)
    bench.trouble = [GiveUp("no use")]
    for _ in range(2):
        await bench.enqueue()
        await table_worker(bench).run_due()
    await db.run("update jobs set finished_at = now() - interval '2 days' where kind = %s", (KIND,))
    await repository.purge_finished(db)
    assert await bench.statuses() == ["dead"]


def test_backoff_grows_to_its_bound() -> None:
    delays = [backoff_seconds(attempt, noise=0.5) for attempt in range(1, 15)]
    assert delays[:3] == [2.0, 4.0, 8.0]
    assert max(delays) == 900.0

"""The job table: committed with its cause, run once, retried, buried, found again after a crash."""

import asyncio
from typing import Any

from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.jobs import repository
from agentpay.jobs.enqueue import Jobs
from agentpay.jobs.errors import GiveUp, Later
from agentpay.jobs.in_process import Handler, Worker, backoff_seconds
from agentpay.kit.ids import uuid7

KIND = "tests.count"


class Bench:
    """A worker with one kind of its own, so that no other worker takes its jobs."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.doorbell = Doorbell(db)
        self.jobs = Jobs(self.doorbell)
        self.ran: list[dict[str, Any]] = []
        self.trouble: list[Exception] = []

    def worker(self, handler: Handler | None = None) -> Worker:
        return Worker(self.db, self.doorbell, handlers={KIND: handler or self.count}, schedules={})

    async def count(self, arguments: dict[str, Any]) -> None:
        self.ran.append(arguments)
        if self.trouble:
            raise self.trouble.pop(0)

    async def enqueue(self, **options: Any) -> None:
        async with self.db.transaction() as tx:
            await self.jobs.enqueue(tx, KIND, {"n": 1}, **options)

    async def statuses(self) -> list[str]:
        rows = await self.db.all("select status from jobs where kind = %s order by created_at", (KIND,))
        return [row["status"] for row in rows]

    async def hurry(self) -> None:
        await self.db.run("update jobs set run_at = now() where kind = %s", (KIND,))


async def test_a_job_that_was_rolled_back_never_was(db: Database) -> None:
    bench = Bench(db)
    try:
        async with db.transaction() as tx:
            await bench.jobs.enqueue(tx, KIND)
            raise LookupError
    except LookupError:
        pass
    assert await bench.worker().run_due() == 0


async def test_a_key_admits_one_waiting_job(db: Database) -> None:
    bench = Bench(db)
    await bench.enqueue(key="once")
    await bench.enqueue(key="once")
    assert await bench.worker().run_due() == 1
    await bench.enqueue(key="once")
    assert await bench.worker().run_due() == 1


async def test_twenty_workers_run_each_job_once(db: Database) -> None:
    bench = Bench(db)
    for n in range(30):
        await bench.enqueue(key=f"k{n}")
    await asyncio.gather(*(bench.worker().run_due() for _ in range(20)))
    assert len(bench.ran) == 30


async def test_trouble_is_retried_with_backoff_and_buried_at_last(db: Database) -> None:
    bench = Bench(db)
    bench.trouble = [RuntimeError("first"), RuntimeError("second")]
    await bench.enqueue(attempts_max=2)
    await bench.worker().run_due()
    assert await bench.statuses() == ["pending"]
    assert await bench.worker().run_due() == 0, "its time has not come"
    await bench.hurry()
    await bench.worker().run_due()
    assert await bench.statuses() == ["dead"]
    assert await repository.retry_dead(db) == 1
    await bench.worker().run_due()
    assert await bench.statuses() == ["done"]


async def test_later_is_no_try_and_giving_up_is_final(db: Database) -> None:
    bench = Bench(db)
    bench.trouble = [Later(0), Later(0), GiveUp("no use")]
    await bench.enqueue(attempts_max=1)
    await bench.worker().run_due()
    assert await bench.statuses() == ["dead"]
    assert len(bench.ran) == 3


async def test_a_job_whose_process_died_is_found_again(db: Database) -> None:
    bench = Bench(db)
    await bench.enqueue()
    (claimed,) = await repository.claim_jobs(db, kinds=[KIND], count=1)
    assert await bench.worker().run_due() == 0
    await db.run("update jobs set lease_until = now() - interval '1 s' where kind = %s", (KIND,))
    assert await bench.worker().run_due() == 1
    await repository.finish(db, job=claimed)  # the dead one comes back: its attempt is fenced
    row = await db.one("select status, attempt from jobs where kind = %s", (KIND,))
    assert row == {"status": "done", "attempt": 2}


async def test_a_recurring_kind_is_due_once_for_all_processes(db: Database) -> None:
    added = await asyncio.gather(
        *(repository.enqueue_due_schedules(db, schedules={"tests.tick": 60.0}, new_id=uuid7) for _ in range(10))
    )
    assert sum(added) == 1
    await db.run("update schedules set next_at = now() where kind = 'tests.tick'")
    assert await repository.enqueue_due_schedules(db, schedules={"tests.tick": 60.0}, new_id=uuid7) == 0, "it waits"


async def test_a_worker_hears_of_a_job_at_once_and_finishes_what_runs(db: Database) -> None:
    bench = Bench(db)
    stop, started, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: dict[str, Any]) -> None:
        started.set()
        await release.wait()
        bench.ran.append({})

    working = asyncio.create_task(bench.worker(slow).run(stop, drain_seconds=10))
    await bench.enqueue()
    await asyncio.wait_for(started.wait(), 5)
    stop.set()
    release.set()
    await asyncio.wait_for(working, 5)
    assert await bench.statuses() == ["done"]


def test_backoff_grows_to_its_bound() -> None:
    delays = [backoff_seconds(attempt, noise=0.5) for attempt in range(1, 15)]
    assert delays[:3] == [2.0, 4.0, 8.0]
    assert max(delays) == 900.0

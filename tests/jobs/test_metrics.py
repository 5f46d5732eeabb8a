"""What the metrics say of jobs: runs by whoever ran them, the table by one process of all."""

import asyncio

from prometheus_client import CollectorRegistry

from agentpay.db.engine import Database
from agentpay.jobs.errors import GiveUp, Later
from agentpay.jobs.in_process import Worker
from agentpay.jobs.metrics import JobMetrics
from tests.jobs.bench import KIND, Bench


class Observed:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = JobMetrics(self.registry)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"agentpay_{name}", labels)


async def test_runs_are_counted_by_kind_and_outcome(db: Database) -> None:
    bench, seen = Bench(db), Observed()
    worker = Worker(db, bench.doorbell, handlers={KIND: bench.count}, schedules={}, observe=seen.metrics.ran)
    bench.trouble = [RuntimeError("retried"), Later(0), GiveUp("dead")]
    for _ in range(4):
        await bench.enqueue()
        await worker.run_due()
    assert {
        outcome: seen("job_runs_total", kind=KIND, outcome=outcome) for outcome in ("done", "later", "failed", "dead")
    } == {
        "done": 2.0,
        "later": 1.0,
        "failed": 1.0,
        "dead": 1.0,
    }
    assert seen("job_seconds_count", kind=KIND) == 5


async def test_one_process_samples_the_table_and_another_takes_over(db: Database) -> None:
    bench, web, other = Bench(db), Observed(), Observed()
    bench.trouble = [GiveUp("dead"), RuntimeError("retried")]
    for _ in range(4):
        await bench.enqueue()
    worker = Worker(db, bench.doorbell, handlers={KIND: bench.count}, schedules={}, concurrency=1)
    await asyncio.gather(*await worker.executor.take(worker._claim))
    await asyncio.gather(*await worker.executor.take(worker._claim))
    await db.run("update jobs set run_at = now() - interval '1 minute' where status = 'pending'")
    for each in (web, other, web):
        await each.metrics.sample(db)
    assert (web("jobs_sampler"), other("jobs_sampler")) == (1, 0)
    assert web("jobs", kind=KIND, status="pending") == 3
    assert web("jobs", kind=KIND, status="dead") == 1
    assert web("jobs_retrying") == 1
    assert 60 <= (web("jobs_oldest_due_seconds") or 0) < 90
    assert other("jobs", kind=KIND, status="pending") is None

    await db.run("update schedules set next_at = now()")  # the first one was not heard of for some time
    await other.metrics.sample(db)
    await web.metrics.sample(db)
    assert (web("jobs_sampler"), other("jobs_sampler")) == (0, 1)
    assert web("jobs", kind=KIND, status="pending") is None
    assert other("jobs", kind=KIND, status="pending") == 3

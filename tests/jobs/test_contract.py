"""What both drivers promise: in-process, and arq on a real Redis."""

import asyncio
import contextlib
import sys
from typing import Any

import psycopg
import pytest

from agentpay.db.doorbell import CHANNEL
from agentpay.jobs import repository
from agentpay.jobs.enqueue import ARGUMENTS_BYTES_MAX
from agentpay.jobs.errors import ArgumentsTooLarge, GiveUp, Later
from tests.jobs.bench import KIND, TICK, Bench, until

OTHER = "tests.other"


class Slow:
    """A handler that waits until it is let go."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.running = 0
        self.running_max = 0

    async def __call__(self, _: dict[str, Any]) -> None:
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        self.started.set()
        try:
            await self.release.wait()
        finally:
            self.running -= 1


async def test_each_job_runs_once_over_two_workers(bench: Bench) -> None:
    async with bench.working(bench.worker(), bench.worker()):
        for n in range(30):
            await bench.enqueue({"n": n})
        await bench.until_statuses(*["done"] * 30)
    assert sorted(run["n"] for run in bench.ran) == list(range(30))


async def test_a_job_comes_with_the_transaction_that_made_it(bench: Bench) -> None:
    async with bench.working():
        with contextlib.suppress(LookupError):
            async with bench.db.transaction() as tx:
                await bench.jobs.enqueue(tx, KIND, {"n": "undone"})
                raise LookupError
        await bench.enqueue({"n": "kept"})
        await until(lambda: len(bench.ran) > 0)
    assert bench.ran == [{"n": "kept"}]


async def test_jobs_that_waited_for_a_worker_run_the_longest_due_first(bench: Bench) -> None:
    async with bench.linked():
        for n in range(5):
            await bench.enqueue({"n": n})
        await bench.db.run(
            "update jobs set run_at = now() - make_interval(secs => (arguments ->> 'n')::int + 1) where kind = %s",
            (KIND,),
        )
    again = Bench(bench.db, bench.redis_url)
    async with again.working(again.worker(concurrency=1)):
        await again.nudge()
        await again.until_statuses(*["done"] * 5)
    assert [run["n"] for run in again.ran] == [4, 3, 2, 1, 0]


async def test_no_more_run_at_once_than_allowed(bench: Bench) -> None:
    slow = Slow()
    async with bench.working(bench.worker({KIND: slow}, concurrency=2)):
        for _ in range(6):
            await bench.enqueue()
        await until(lambda: slow.running == 2)
        slow.release.set()
        await bench.until_statuses(*["done"] * 6)
    assert slow.running_max == 2


async def test_trouble_is_retried_with_backoff_and_dead_after_its_tries(bench: Bench) -> None:
    bench.trouble = [RuntimeError("first"), LookupError("second")]
    async with bench.working():
        await bench.enqueue(attempts_max=2)
        await until(lambda: len(bench.ran) == 1)
        await bench.until_statuses("pending")
        (row,) = await bench.rows()
        assert row["error"] == "RuntimeError in count"
        waits = await bench.db.value("select extract(epoch from run_at - now()) from jobs where kind = %s", (KIND,))
        assert 1 < waits < 3
        await bench.hurry()
        await bench.until_statuses("dead")
        (row,) = await bench.rows()
        assert (row["error"], row["attempt"]) == ("LookupError in count", 2)
        assert await repository.retry_dead(bench.db) == [row["id"]]
        await bench.nudge()
        await bench.until_statuses("done")
    assert len(bench.ran) == 3


async def test_a_retry_comes_by_itself(bench: Bench) -> None:
    bench.trouble = [RuntimeError("once")]
    async with bench.working():
        await bench.enqueue()
        await bench.until_statuses("done")
    assert len(bench.ran) == 2


async def test_later_is_no_try_and_giving_up_is_final(bench: Bench) -> None:
    bench.trouble = [Later(0.01), Later(0.01), GiveUp("no use")]
    async with bench.working():
        await bench.enqueue(attempts_max=1)
        await bench.until_statuses("dead")
    assert len(bench.ran) == 3


async def test_a_job_for_later_waits_for_its_time(bench: Bench) -> None:
    async with bench.working():
        await bench.enqueue({"n": "later"}, delay_seconds=0.3)
        await bench.enqueue({"n": "now"})
        await bench.until_statuses("done", "done")
    assert [run["n"] for run in bench.ran] == ["now", "later"]


async def test_a_key_admits_one_waiting_job(bench: Bench) -> None:
    slow = Slow()
    async with bench.working(bench.worker({KIND: slow})):
        for _ in range(5):
            await bench.enqueue(key="once")
        await slow.started.wait()
        await bench.enqueue(key="once")
        slow.release.set()
        await bench.until_statuses("done")
        await bench.enqueue(key="once")
        await bench.until_statuses("done", "done")


async def test_a_lost_lease_is_taken_over_and_the_late_finisher_changes_nothing(bench: Bench) -> None:
    frozen = Slow()
    async with bench.working(bench.worker({KIND: frozen}, concurrency=1)) as stop:
        await bench.enqueue()
        await frozen.started.wait()
        other = Bench(bench.db, bench.redis_url)
        async with other.working():
            await other.lose_leases()
            await other.until_statuses("done")
        frozen.release.set()
        stop.set()
    (row,) = await bench.rows()
    assert (row["status"], row["attempt"]) == ("done", 2)
    assert len(other.ran) == 1


async def test_the_job_of_a_killed_process_is_run_by_another(bench: Bench) -> None:
    await bench.enqueue()
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.jobs.victim", bench.db.url, bench.redis_url or ""
    )
    try:
        async with bench.linked():
            await bench.nudge()
            await bench.until_statuses("running")
    finally:
        victim.kill()
        await victim.wait()
    heir = Bench(bench.db, bench.redis_url)
    async with heir.working():
        await heir.nudge()
        await heir.enqueue({"n": "fresh"})
        await until(lambda: len(heir.ran) == 1)
        assert heir.ran == [{"n": "fresh"}], "the dead one's lease still runs"
        await heir.lose_leases()
        await heir.until_statuses("done", "done")
    assert [row["attempt"] for row in await heir.rows()] == [2, 1]


async def test_what_runs_at_the_end_is_finished_and_nothing_new_begun(bench: Bench) -> None:
    slow = Slow()
    async with bench.working(bench.worker({KIND: slow}, concurrency=1)) as stop:
        await bench.enqueue()
        await slow.started.wait()
        await bench.enqueue({"n": 2})
        stop.set()
        slow.release.set()
    assert await bench.statuses() == ["done", "pending"]


async def test_what_does_not_finish_in_time_is_given_away_at_once(bench: Bench) -> None:
    slow = Slow()
    async with bench.working(bench.worker({KIND: slow}), drain_seconds=0):
        await bench.enqueue()
        await slow.started.wait()
    (row,) = await bench.rows()
    assert (row["status"], row["attempt"]) == ("pending", 0)
    heir = Bench(bench.db, bench.redis_url)
    async with heir.working():
        await heir.nudge()
        await heir.until_statuses("done")


async def test_a_recurring_kind_runs_once_each_time_over_two_workers(bench: Bench) -> None:
    handlers, schedules = {TICK: bench.count}, {TICK: 60.0}
    async with bench.working(*(bench.worker(handlers, schedules=schedules) for _ in range(2))):
        await bench.until_statuses("done", kind=TICK)
        await bench.db.run("update schedules set next_at = now() where kind = %s", (TICK,))
        await bench.until_statuses("done", "done", kind=TICK)
    assert len(bench.ran) == 2


async def test_a_kind_that_nobody_knows_waits_for_who_does(bench: Bench) -> None:
    async with bench.working():
        await bench.enqueue(kind=OTHER)
        await bench.enqueue()
        await bench.until_statuses("done")
    (row,) = await bench.rows(OTHER)
    assert (row["status"], row["attempt"]) == ("pending", 0)
    newer = Bench(bench.db, bench.redis_url)
    async with newer.working(newer.worker({OTHER: newer.count})):
        await newer.nudge(OTHER)
        await newer.until_statuses("done", kind=OTHER)


async def test_contents_are_refused_where_ids_are_meant(bench: Bench) -> None:
    with pytest.raises(ArgumentsTooLarge):
        await bench.enqueue({"text": "x" * ARGUMENTS_BYTES_MAX})
    assert await bench.rows() == []


async def test_no_commit_waits_for_a_notification(bench: Bench) -> None:
    """A NOTIFY in a transaction serialises all commits: what arrives first was sent after the commit."""
    async with await psycopg.AsyncConnection.connect(bench.db.url, autocommit=True) as listener:
        await listener.execute(f"listen {CHANNEL}".encode())
        await bench.enqueue()  # no task of the doorbell's runs here: whatever came now came with the commit
        await bench.db.run("select pg_notify(%s, 'marker')", (CHANNEL,))
        async for notice in listener.notifies(timeout=5):
            if notice.payload == "marker":
                break
            assert "jobs:" not in notice.payload
        else:
            raise AssertionError("the marker never came")

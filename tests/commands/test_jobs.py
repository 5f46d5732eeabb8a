"""`agentpay jobs`: what an operator sees of the table, and bringing the dead back."""

import json
from uuid import uuid4

from agentpay.db.engine import Database
from agentpay.jobs.errors import GiveUp
from tests.commands.conftest import Operator
from tests.jobs.bench import KIND, Bench


async def with_two_dead_and_one_waiting(db: Database) -> Bench:
    bench = Bench(db)
    worker = bench.worker()
    assert hasattr(worker, "run_due")
    for word in ("first", "second"):
        bench.trouble = [GiveUp(word)]
        await bench.enqueue()
        await worker.run_due()
    await bench.enqueue(delay_seconds=7_300)
    return bench


async def test_the_list_is_aligned_and_newest_first(db: Database, operator: Operator) -> None:
    bench = await with_two_dead_and_one_waiting(db)
    listed = await operator("jobs", "list", "--kind", KIND)
    heads, *lines = listed.out.splitlines()
    assert [line.split()[0] for line in lines] == [str(row["id"]) for row in reversed(await bench.rows())]
    assert [line[heads.index("STATUS") :].split()[0] for line in lines] == ["pending", "dead", "dead"]
    assert "in 2 h" in lines[0]
    assert lines[1].endswith("second")
    assert "\x1b[" not in listed.out, "colours are for terminals"


async def test_the_list_is_narrowed_and_readable_by_machines(db: Database, operator: Operator) -> None:
    await with_two_dead_and_one_waiting(db)
    listed = await operator("jobs", "list", "--status", "dead", "--limit", "1", "--json")
    (found,) = json.loads(listed.out)
    assert (found["status"], found["error"], found["arguments"]) == ("dead", "second", {"n": 1})
    nothing = await operator("jobs", "list", "--kind", "tests.nothing")
    assert (nothing.code, nothing.out, nothing.error) == (0, "", "No such jobs.\n")
    assert json.loads((await operator("jobs", "list", "--kind", "tests.nothing", "--json")).out) == []


async def test_a_dead_job_is_brought_back_and_what_is_left_is_told(db: Database, operator: Operator) -> None:
    bench = await with_two_dead_and_one_waiting(db)
    dead, _, waiting = (str(row["id"]) for row in await bench.rows())
    retried = await operator("jobs", "retry", dead)
    assert (retried.code, retried.out) == (0, "1 job runs again.\n")
    assert await bench.statuses() == ["pending", "dead", "pending"]
    unknown = str(uuid4())
    left = await operator("jobs", "retry", waiting, unknown, "--json")
    assert (left.code, json.loads(left.out)) == (1, {"retried": [], "left": [waiting, unknown]})
    assert f"{unknown} was left" in (await operator("jobs", "retry", unknown)).error


async def test_all_dead_are_brought_back_at_once(db: Database, operator: Operator) -> None:
    bench = await with_two_dead_and_one_waiting(db)
    assert "2 jobs run again." in (await operator("jobs", "retry", "--all-dead")).out
    assert await bench.statuses() == ["pending", "pending", "pending"]


async def test_retry_without_saying_which_is_wrong_usage(operator: Operator) -> None:
    assert (await operator("jobs", "retry")).code == 2
    assert (await operator("jobs", "retry", str(uuid4()), "--all-dead")).code == 2
    assert (await operator("jobs", "retry", "not-an-id")).code == 2

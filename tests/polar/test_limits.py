"""The shared minute and the circuit: who may call, how often, and whose trouble it is."""

import asyncio
from uuid import uuid4

import pytest

from agentpay.db.engine import Database
from agentpay.polar import bucket as bucket_module
from agentpay.polar.bucket import Bucket, Priority
from agentpay.polar.circuit import CALLS_AT_ONCE_MAX, FAILURES_UNTIL_PAUSE, PAUSE_SECONDS_MIN, Circuit
from agentpay.polar.client import Credential
from agentpay.polar.errors import Kind, PolarError
from agentpay.polar.gateway import PolarGateway

SECOND_IN_MINUTE = "select extract(second from clock_timestamp())::float8"


async def used(db: Database) -> int:
    return int(await db.value("select coalesce(sum(used), 0) from rate_windows"))


async def at_the_start_of_a_minute_or_well_inside(db: Database) -> None:
    """The counters turn over with the minute: do not measure across that moment."""
    seconds_left = 60 - await db.value(SECOND_IN_MINUTE)
    if seconds_left < 5:
        await asyncio.sleep(seconds_left + 0.1)


async def take_until_refused(bucket: Bucket, priority: Priority, *, key: str = "acme") -> int:
    taken = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bucket_module.WAIT_SECONDS_MAX, priority, 0.0)
        while True:
            try:
                await bucket.take(key=key, environment="sandbox", priority=priority)
            except PolarError:
                return taken
            taken += 1


async def test_two_replicas_share_one_minute(db: Database) -> None:
    await at_the_start_of_a_minute_or_well_inside(db)
    first, second = Bucket(db), Bucket(db)
    taken = await take_until_refused(first, "checkout")
    assert taken == 85
    assert await take_until_refused(second, "checkout") == 0
    assert await take_until_refused(second, "checkout", key="rival") == 85, "another merchant has its own"


async def test_revocations_get_through_when_syncs_and_checkouts_must_wait(db: Database) -> None:
    await at_the_start_of_a_minute_or_well_inside(db)
    bucket = Bucket(db)
    assert await take_until_refused(bucket, "sync") == 60
    assert await take_until_refused(bucket, "checkout") == 25
    assert await take_until_refused(bucket, "revocation") == 10


async def test_who_only_polls_gets_the_smallest_share_and_does_not_wait(db: Database) -> None:
    await at_the_start_of_a_minute_or_well_inside(db)
    bucket = Bucket(db)
    for _ in range(40):
        await bucket.take(key="acme", environment="sandbox", priority="poll")
    with pytest.raises(PolarError) as refused:
        await bucket.take(key="acme", environment="sandbox", priority="poll")
    assert (refused.value.kind, refused.value.unknown_outcome) == ("rate_limited", False)
    assert await used(db) == 40


async def test_calls_are_counted_in_chunks_not_one_by_one(db: Database) -> None:
    await at_the_start_of_a_minute_or_well_inside(db)
    bucket = Bucket(db)
    await asyncio.gather(*(bucket.take(key="acme", environment="production", priority="checkout") for _ in range(20)))
    assert await used(db) == 20
    await bucket.take(key="acme", environment="production", priority="checkout")
    assert await used(db) == 40


async def test_the_minute_before_still_counts_for_the_part_that_overlaps(db: Database) -> None:
    await at_the_start_of_a_minute_or_well_inside(db)
    await db.run(
        "insert into rate_windows (bucket, window_start, used)"
        " values ('polar:acme', date_trunc('minute', clock_timestamp()) - interval '1 minute', 85)"
    )
    second = await db.value(SECOND_IN_MINUTE)
    taken = await take_until_refused(Bucket(db), "checkout")
    share = 85 * second / 60
    assert share - 1 <= taken <= share + 3


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def call(circuit: Circuit, kind: Kind | None = None, *, retry_hint: float | None = None) -> str:
    try:
        async with circuit.slot():
            if kind is not None:
                raise PolarError(kind, status=500, retry_hint=retry_hint)
    except PolarError as error:
        return error.kind
    return "passed"


async def test_after_failures_in_a_row_calls_stop_and_one_probe_opens_again() -> None:
    clock = Clock()
    circuit = Circuit(monotonic=clock)
    for _ in range(FAILURES_UNTIL_PAUSE):
        assert await call(circuit, "server") == "server"
    assert await call(circuit) == "paused"
    clock.now += PAUSE_SECONDS_MIN + 0.1
    assert await call(circuit) == "passed"
    assert await call(circuit) == "passed"


async def test_a_failed_probe_pauses_longer() -> None:
    clock = Clock()
    circuit = Circuit(monotonic=clock)
    for _ in range(FAILURES_UNTIL_PAUSE):
        await call(circuit, "timeout")
    clock.now += PAUSE_SECONDS_MIN + 0.1
    assert await call(circuit, "network") == "network"
    clock.now += PAUSE_SECONDS_MIN + 0.1
    assert await call(circuit) == "paused"
    clock.now += PAUSE_SECONDS_MIN
    assert await call(circuit) == "passed"


async def test_only_one_call_probes_at_a_time() -> None:
    clock = Clock()
    circuit = Circuit(monotonic=clock)
    await call(circuit, "rate_limited", retry_hint=60)
    clock.now += 10.1
    async with circuit.slot():
        assert await call(circuit) == "paused"
    assert await call(circuit) == "passed"


async def test_a_probe_that_is_called_off_lets_the_next_one_probe() -> None:
    clock = Clock()
    circuit = Circuit(monotonic=clock)
    await call(circuit, "rate_limited", retry_hint=60)
    clock.now += 10.1
    busy = [circuit._slots.acquire() for _ in range(CALLS_AT_ONCE_MAX)]
    await asyncio.gather(*busy)
    probing = asyncio.create_task(call(circuit))
    await asyncio.sleep(0)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    circuit._slots.release()
    assert await call(circuit) == "passed"


async def test_refusals_are_no_failures() -> None:
    circuit = Circuit()
    for _ in range(FAILURES_UNTIL_PAUSE * 2):
        assert await call(circuit, "invalid") == "invalid"
    assert await call(circuit) == "passed"


async def test_an_organization_holds_a_bounded_number_of_calls() -> None:
    circuit = Circuit()
    full, release = asyncio.Event(), asyncio.Event()
    running = 0
    most = 0

    async def slow() -> None:
        nonlocal running, most
        async with circuit.slot():
            running += 1
            most = max(most, running)
            if running == CALLS_AT_ONCE_MAX:
                full.set()
            await release.wait()
            running -= 1

    calls = [asyncio.create_task(slow()) for _ in range(CALLS_AT_ONCE_MAX + 4)]
    await full.wait()
    release.set()
    await asyncio.gather(*calls)
    assert most == CALLS_AT_ONCE_MAX


@pytest.mark.parametrize("kind", ["server", "rate_limited"])
async def test_one_merchants_trouble_leaves_the_other_alone(db: Database, kind: Kind) -> None:
    async def credentials(_: object) -> Credential:
        return Credential(base_url="http://127.0.0.1:1", environment="custom", token="t")

    gateway = PolarGateway(db, credentials=credentials, verify=False)
    acme, rival = await gateway.of(uuid4()), await gateway.of(uuid4())
    for _ in range(FAILURES_UNTIL_PAUSE):
        await call(acme._circuit, kind)
    assert await call(acme._circuit) == "paused"
    assert await call(rival._circuit) == "passed"
    await gateway.close()

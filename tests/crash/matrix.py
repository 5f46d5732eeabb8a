"""Points of the money path at which a process is killed, and what came of each.

1. A recording run lists the points that a web process and a worker pass. 2. For each one a fresh process is armed with
it and killed there by itself; others take over. 3. The outcome is checked by what anybody could see.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from agentpay.kit.faults import RECORD, RECORDED
from tests.cast import Shop
from tests.cluster.cluster import Cluster
from tests.cluster.screen import Broken
from tests.crash import checks
from tests.crash.walk import Walk

WEB, OTHER_WEB, WORKER, OTHER_WORKER = "web-1", "web-2", "worker-1", "worker-2"
# Longer than every lease, every "not before" and every closing look.
LATER_SECONDS = 120
SETTLE_SECONDS_MAX = 30
LOOK_SECONDS = 0.02
BUDGETS = [{"kind": "discount", "scope": "organization", "period": "month", "currency": "usd", "amount": 10_000_000}]
# Sweeps come by the clock, not by the path.
NOISE = ("sweep", "_tick", "enqueue_due", "purge", "sync", "reconcile")


class Point(msgspec.Struct, frozen=True):
    """`fault` as in AGENTPAY_FAULT, and the process it is for."""

    process: str
    fault: str


class Outcome(msgspec.Struct, frozen=True):
    point: Point
    was_reached: bool
    wrong: tuple[str, ...]

    @property
    def said(self) -> str:
        if self.wrong:
            return "WRONG: " + "; ".join(self.wrong)
        return "right" if self.was_reached else "right (not passed this time)"


class Theatre:
    """The cluster with one merchant, as every case finds it."""

    def __init__(self, cluster: Cluster, shop: Shop) -> None:
        self.cluster = cluster
        self.shop = shop

    async def record(self) -> list[Point]:
        """The points that the path passes, in order, by process."""
        await self._arrange({WEB: RECORD, WORKER: RECORD})
        processes = {name: self.cluster.processes[name] for name in (WEB, WORKER)}
        earlier = {name: len(process.said) for name, process in processes.items()}
        outcome = await self._run(None)
        assert not outcome.wrong, outcome.wrong
        return [
            Point(name, line.removeprefix(RECORDED))
            for name, process in processes.items()
            for line in process.said[earlier[name] :].splitlines()
            if line.startswith(RECORDED) and not any(noise in line for noise in NOISE)
        ]

    async def play(self, point: Point) -> Outcome:
        """The path with one process armed."""
        await self._arrange({point.process: point.fault})
        return await self._run(point)

    async def _arrange(self, armed: dict[str, str]) -> None:
        """Both webs and one worker, those that are to be armed started anew."""
        cluster = self.cluster
        for name in (WEB, WORKER, OTHER_WORKER):
            process = cluster.processes.get(name)
            unarmed = process is not None and process.is_alive and name not in armed
            if process is not None and (not unarmed or name == OTHER_WORKER):
                await process.kill()
        await cluster.start(OTHER_WEB, *(name for name in (WEB, WORKER) if name not in armed))
        for name, fault in armed.items():
            await cluster.start(name, AGENTPAY_FAULT=fault)

    async def _run(self, point: Point | None) -> Outcome:
        rescue = _Rescue(self.cluster, point)
        wrong: list[str] = []
        try:
            async with Walk(self.cluster, self.shop, first=WEB, other=OTHER_WEB, died=rescue.look) as walk:
                offer = await walk.haggle()
                checkout = await walk.accept(offer)
                await rescue.later()
                wrong += await checks.before_paying(self.cluster, walk.conversation_id, checkout)
                await walk.pay(checkout)
                await walk.told()
                await rescue.later()
                wrong += await checks.at_the_end(self.cluster, await walk.walked(offer, checkout))
        except (AssertionError, TimeoutError, Broken) as problem:
            wrong.append(f"{type(problem).__name__}: {problem}")
        return Outcome(point or Point("", ""), rescue.is_called, tuple(wrong))


class _Rescue:
    """Notices the death, once, and lets time pass for what the dead one held."""

    def __init__(self, cluster: Cluster, point: Point | None) -> None:
        self._cluster = cluster
        self._point = point
        self.is_called = False

    async def look(self) -> None:
        if self._point is None or self.is_called or self._cluster.is_running(self._point.process):
            return
        self.is_called = True
        await time_passes(self._cluster, LATER_SECONDS)
        if self._point.process == WORKER:
            await self._cluster.start(OTHER_WORKER)

    async def later(self) -> None:
        """Everything that is due by then is done: sweeps, closing looks, what the dead one left."""
        await self.look()
        await time_passes(self._cluster, LATER_SECONDS)
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while await self._cluster.db.value(_UNSETTLED):
                await self.look()  # it may die only now
                await asyncio.sleep(LOOK_SECONDS)


_UNSETTLED = """
select exists (select 1 from jobs where status in ('pending', 'running')
    and kind in ('checkout.perform', 'checkout.tidy', 'checkout.look') and run_at < clock_timestamp())
  or exists (select 1 from deliveries where status = 'received' and next_try_at < clock_timestamp())
"""


async def time_passes(cluster: Cluster, seconds: float) -> None:
    """The database's clock moves on for whatever waits for it, but for the living: they renew what they hold."""
    shift = {"s": seconds}
    gone = "make_interval(secs => %(s)s)"
    await cluster.db.run(
        f"""update checkouts set sent_at = sent_at - {gone}, next_try_at = next_try_at - {gone},
        created_at = created_at - {gone}, lease_until = lease_until - {gone} where status = 'creating'""",
        shift,
    )
    await cluster.db.run(
        f"""update jobs set run_at = run_at - {gone}, lease_until = lease_until - {gone}
        where status in ('pending', 'running') and kind like 'checkout.%%'""",
        shift,
    )
    await cluster.db.run(
        f"""update deliveries set next_try_at = next_try_at - {gone}, lease_until = lease_until - {gone}
        where status = 'received'""",
        shift,
    )
    dead = [process.id for process in cluster.processes.values() if process.id and not process.is_alive]
    await cluster.db.run("delete from processes where id = any(%s::uuid[])", (dead,))


@asynccontextmanager
async def theatre(cluster: Cluster) -> AsyncIterator[Theatre]:
    """Opens the merchant's shop, by a worker that is there for it."""
    await cluster.start(OTHER_WEB, WORKER)
    async with cluster.client(OTHER_WEB) as http:
        yield Theatre(cluster, await cluster.shop(http, provider="template", budgets=BUDGETS))


def table(outcomes: Sequence[Outcome]) -> str:
    """Points × outcomes, for people."""
    width = max((len(outcome.point.fault) for outcome in outcomes), default=0)
    return "\n".join(f"{each.point.process:<9} {each.point.fault:<{width}}  {each.said}" for each in outcomes)

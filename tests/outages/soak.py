"""Does it stay the same for ever? `python -m tests.outages.soak [--minutes 30] [--visitors 4]`.

Two webs and two workers under a steady stream of visitors who talk, listen, haggle, buy and leave. Time is helped
along: what is older than `AGED_AFTER_SECONDS` is made a hundred days older, and the retention jobs run. Prints memory,
connections and rows over time, then judges the last third against the middle one. Exit code 1 when something grew.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import msgspec

from agentpay.db.doorbell import Doorbell
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import uuid7
from agentpay.privacy import jobs as privacy
from agentpay.sandbox.postgres import throw_away
from agentpay.sandbox.stage import Stage
from tests.cast import Shop, Visitor
from tests.cluster.cluster import Cluster, clustered
from tests.outages.test_retention import PURGED
from tests.turns.conftest import pay

SAMPLE_SECONDS = 10.0
AGED_AFTER_SECONDS = 90
AGED_BY = "100 days"
MEMORY_GROWTH_MAX = 0.08
MEMORY_SLACK_MIB = 6.0
ROWS_GROWTH_MAX = 0.5
ROWS_SLACK = 300
CONNECTIONS_MAX = 4 * (6 + 6 + 1)  # processes × (pool, admin pool, listener)
SAMPLES_MIN = 9
AGES = {
    "events": "created_at", "jobs": "finished_at", "deliveries": "received_at", "idempotency_keys": "created_at",
    "rate_windows": "window_start", "notifications": "created_at", "turns": "completed_at",
    "conversation_tokens": "expires_at", "conversations": "last_message_at",
}  # fmt: skip
TABLES = tuple(sorted(set().union(*PURGED.values()) | {"drafts"}))


class Sample(msgspec.Struct):
    seconds: float
    mib: dict[str, float]
    """Resident memory by process."""
    connections: int
    rows: dict[str, int]


class Soak:
    """The load and what is measured beside it."""

    def __init__(self, cluster: Cluster, shop: Shop) -> None:
        self.cluster = cluster
        self.shop = shop
        self.samples: list[Sample] = []
        self.done: Counter[str] = Counter()
        self._began = time.monotonic()
        self._jobs = Jobs(Doorbell(cluster.db))

    async def run(self, *, minutes: float, visitors: int) -> None:
        load = [asyncio.create_task(self._visits(number)) for number in range(visitors)]
        try:
            while time.monotonic() - self._began < minutes * 60:
                await asyncio.sleep(SAMPLE_SECONDS)
                await self._age()
                self.samples.append(await self._sample())
                print(line(self.samples[-1]), flush=True)  # noqa: T201 (its whole purpose)
                for task in load:
                    if task.done():
                        await task
        finally:
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)

    async def _visits(self, number: int) -> None:
        chance = random.Random(number)
        while True:
            url = chance.choice(self.cluster.urls())
            async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
                await self._visit(await self.shop.visitor(http), buys=chance.random() < 0.3)
            self.done["visits"] += 1

    async def _visit(self, sam: Visitor, *, buys: bool) -> None:
        listening = asyncio.create_task(self._listens(sam))
        for text in ("hello", "tell me about the lavender candle", "any discount?", "thanks"):
            answer = await sam.post("/messages", {"content": text}, headers={"Idempotency-Key": str(uuid7())})
            self.done[f"messages {answer.status_code}"] += 1
        if buys:
            product = next(iter(self.cluster.polar.products))
            opened = await sam.post("/checkouts", {"product_id": product.id})
            self.done[f"checkouts {opened.status_code}"] += 1
            if opened.status_code == httpx.codes.CREATED:
                place = Stage(self.shop.service, self.cluster.polar, self.cluster.polar_url, self.shop.http)
                await pay(place, opened.json()["url"])
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening

    async def _listens(self, sam: Visitor) -> None:
        async with sam.stream(last_event_id=sam.last_event_id) as stream:
            async for _ in stream:
                self.done["events"] += 1

    async def _age(self) -> None:
        """A hundred days pass for whatever is not of this moment; what is due by them is done."""
        db = self.cluster.db
        for table, column in AGES.items():
            moment = "created_at" if table == "conversation_tokens" else column
            await db.run(
                f"update {table} set {column} = {column} - interval '{AGED_BY}'"
                f" where {moment} < now() - interval '{AGED_AFTER_SECONDS} s' and {column} > now() - interval '50 days'"
            )
        async with db.transaction() as tx:
            for kind in (*PURGED, privacy.RETAIN):
                await self._jobs.enqueue(tx, kind, {}, key=f"soak:{kind}")

    async def _sample(self) -> Sample:
        db = self.cluster.db
        connections = await db.value(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and backend_type = 'client backend'"
        )
        return Sample(
            seconds=time.monotonic() - self._began,
            mib={name: resident(process.pid) for name, process in self.cluster.processes.items()},
            connections=int(connections),
            rows={table: int(await db.value(f"select count(*) from {table}")) for table in TABLES},
        )


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def line(sample: Sample) -> str:
    memory = " ".join(f"{name} {mib:.0f}" for name, mib in sorted(sample.mib.items()))
    rows = " ".join(f"{table} {count}" for table, count in sample.rows.items() if count)
    return f"{sample.seconds:6.0f} s | MiB {memory} | {sample.connections} connections | {rows}"


def judged(samples: list[Sample]) -> list[str]:
    """What grew: the last third of the samples against the middle one; the first one warms up."""
    if len(samples) < SAMPLES_MIN:
        return [f"only {len(samples)} samples: too short to judge"]
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    grown: list[str] = []
    for name in last[-1].mib:
        before, after = (max(sample.mib[name] for sample in part) for part in (middle, last))
        if after > before * (1 + MEMORY_GROWTH_MAX) + MEMORY_SLACK_MIB:
            grown.append(f"memory of {name}: {before:.0f} → {after:.0f} MiB")
    for table in TABLES:
        rows = [max(sample.rows[table] for sample in part) for part in (middle, last)]
        if rows[1] > rows[0] * (1 + ROWS_GROWTH_MAX) + ROWS_SLACK:
            grown.append(f"rows of {table}: {rows[0]} → {rows[1]}")
    most = max(sample.connections for sample in samples)
    if most > CONNECTIONS_MAX:
        grown.append(f"{most} connections, more than {CONNECTIONS_MAX}")
    return grown


async def soak(database_url: str, *, minutes: float, visitors: int) -> Soak:
    async with clustered(database_url, AGENTPAY_LOG_LEVEL="info") as cluster:
        await cluster.heal()
        async with cluster.client("web-1") as http:
            made = Soak(cluster, await cluster.shop(http, provider="template"))
            await made.run(minutes=minutes, visitors=visitors)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.outages.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--visitors", type=int, default=4)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with throw_away() as url:
        made = asyncio.run(soak(url, minutes=options.minutes, visitors=options.visitors))
    grown = judged(made.samples)
    for text in (dict(made.done), *(f"GREW: {problem}" for problem in grown), "flat" if not grown else "not flat"):
        print(text)  # noqa: T201 (its whole purpose)
    sys.exit(1 if grown else 0)


if __name__ == "__main__":
    main()

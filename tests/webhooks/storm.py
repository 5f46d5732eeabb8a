"""Everything that can happen to webhooks, at once: `python -m tests.webhooks.storm [--deliveries 20000]`.

Polar's deliveries come shuffled, doubled, late, of unknown types, 1 % of them forged, while one process after the other
is killed and started anew. Afterwards every good one has had its effect once: orders and refunds add up to what Polar
says. Prints how fast they were acknowledged. Exit code 1 when anything is off.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from agentpay.kit.clock import utc_now
from agentpay.kit.ids import uuid7
from agentpay.sandbox.polar import signing
from agentpay.sandbox.postgres import throw_away
from tests.cluster.cluster import WEBS, WORKERS, Cluster, clustered
from tests.webhooks.story import Event, Sale, Story, told

PER_ORDER = 8.4  # deliveries, with what is doubled and forged
SENDERS = 8
AGAIN_SECONDS = 0.05
SETTLE_SECONDS_MAX = 1_800.0
STALE_SECONDS = 400
ORDER = (WEBS[0], WORKERS[0], WEBS[1], WORKERS[1])


class Shot(msgspec.Struct, frozen=True):
    """One delivery to be sent until it is answered: 202 or, when it is `bad`, 403."""

    event: Event
    bad: str = ""


class Outcome(msgspec.Struct):
    sent: int
    stored: int
    refused: int
    kills: int
    tries: Counter[str]
    """Attempts that had to be made again, by what came instead of an answer."""
    p50_milliseconds: float
    p99_milliseconds: float
    acknowledged_seconds: float
    settled_seconds: float
    wrong: list[str]


def shots(story: Story, *, seed: int) -> list[Shot]:
    """Shuffled, every sixth one twice, some again at the very end, one in a hundred forged or stale."""
    chance = random.Random(seed)
    now = [Shot(event) for event in story.events]
    now += [Shot(event) for event in chance.sample(story.events, len(story.events) // 6)]
    forged = chance.sample(story.events, max(3, len(now) // 100))
    now += [Shot(lie(event), chance.choice(("signature", "body", "stale"))) for event in forged]
    chance.shuffle(now)
    late = chance.sample(story.events, len(story.events) // 20)
    return now + [Shot(event) for event in late]


def lie(event: Event) -> Event:
    """The same order with another amount, under an id of its own."""
    return Event(str(uuid7()), event.body.replace(b'"total_amount":', b'"total_amount":9'))


async def storm(cluster: Cluster, story: Story, organization_id: UUID, *, seed: int, kill_seconds: float) -> Outcome:
    """Send it all while processes die, and judge what it came to."""
    waiting, seconds, tries = iter(planned := shots(story, seed=seed)), list[float](), Counter[str]()
    await cluster.db.run("update organizations set notify_url = 'http://127.0.0.1:9/'")  # notices are counted, not sent
    began, killed = time.monotonic(), list[str]()
    killing = asyncio.create_task(kills(cluster, kill_seconds, killed))
    path = f"/v1/webhooks/polar/{organization_id}"
    senders = [Sender(cluster, path, story.secret, seconds, tries, first=n) for n in range(SENDERS)]
    wrong = list(itertools.chain(*await asyncio.gather(*(sender.run(waiting) for sender in senders))))
    acknowledged = time.monotonic() - began
    killing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await killing
    await cluster.heal()
    ids = [event.id for event in story.events]
    await cluster.until(
        "select 1 where not exists (select from deliveries where status = 'received' and webhook_id = any(%s))",
        ids,
        seconds=SETTLE_SECONDS_MAX,
    )
    seconds.sort()
    return Outcome(
        sent=len(planned),
        stored=int(await cluster.db.value("select count(*) from deliveries where webhook_id = any(%s)", (ids,))),
        refused=sum(bool(shot.bad) for shot in planned),
        kills=len(killed),
        tries=tries,
        p50_milliseconds=seconds[len(seconds) // 2] * 1000,
        p99_milliseconds=seconds[int(len(seconds) * 0.99)] * 1000,
        acknowledged_seconds=acknowledged,
        settled_seconds=time.monotonic() - began,
        wrong=[*wrong, *await judged(cluster, story, planned)],
    )


async def kills(cluster: Cluster, every_seconds: float, killed: list[str]) -> None:
    for name in itertools.cycle(ORDER):
        await asyncio.sleep(every_seconds)
        await cluster.kill(name)
        killed.append(name)
        await cluster.start(name)


class Sender:
    """One connection to one replica after another, as Polar's workers have them."""

    def __init__(
        self, cluster: Cluster, path: str, secret: str, seconds: list[float], tries: Counter[str], *, first: int
    ) -> None:
        self._cluster = cluster
        self._path = path
        self._secret = secret
        self._seconds = seconds
        self._tries = tries
        self._turn = first
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, waiting: Iterator[Shot]) -> list[str]:
        """Send until nothing waits; returns what was answered wrongly."""
        wrong: list[str] = []
        for shot in waiting:
            status = await self._until_answered(shot)
            if status != (403 if shot.bad else 202):
                wrong.append(f"{shot.bad or 'good'} delivery {shot.event.id} was answered {status}")
        if self._stream is not None:
            self._stream[1].close()
        return wrong

    async def _until_answered(self, shot: Shot) -> int:
        while True:
            try:
                began = time.perf_counter()
                status = await self._send(shot)
            except (OSError, asyncio.IncompleteReadError) as error:
                self._tries[type(error).__name__] += 1
            else:
                if status < 500:
                    self._seconds.append(time.perf_counter() - began)
                    return status
                self._tries[str(status)] += 1
            self._stream = None
            await asyncio.sleep(AGAIN_SECONDS)

    async def _send(self, shot: Shot) -> int:
        reader, writer = await self._connected()
        writer.write(self._request(shot))
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"\ncontent-length: ")[2].split(b"\r")[0]
        await reader.readexactly(int(length or 0))
        return int(head.split(b" ", 2)[1])

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._stream is None:
            urls = self._cluster.urls()
            if not urls:
                raise ConnectionError
            self._turn += 1
            where = urlsplit(urls[self._turn % len(urls)])
            self._stream = await asyncio.open_connection(where.hostname, where.port)
        return self._stream

    def _request(self, shot: Shot) -> bytes:
        event, secret = shot.event, signing.new_secret() if shot.bad == "signature" else self._secret
        at = int(utc_now().timestamp()) - (STALE_SECONDS if shot.bad == "stale" else 0)
        signed_body = event.body + b" " if shot.bad == "body" else event.body
        signature = signing.signature(secret, standard=True, event_id=event.id, timestamp=at, body=signed_body)
        head = (
            f"POST {self._path} HTTP/1.1\r\nhost: agentpay\r\ncontent-type: application/json\r\n"
            f"webhook-id: {event.id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n"
            f"content-length: {len(event.body)}\r\n\r\n"
        )
        return head.encode() + event.body


async def judged(cluster: Cluster, story: Story, planned: list[Shot]) -> list[str]:
    """What is not as it must be."""
    forged = [shot.event.id for shot in planned if shot.bad]
    db, wrong = cluster.db, list[str]()
    if stored := await db.value("select count(*) from deliveries where webhook_id = any(%s)", (forged,)):
        wrong.append(f"{stored} forged deliveries were stored")
    if parked := await db.value("select count(*) from deliveries where status = 'parked'"):
        wrong.append(f"{parked} deliveries were parked")
    rows = {row["polar_order_id"]: row for row in await db.all(_ORDERS)}
    for sale in story.sales:
        row = rows.get(sale.order_id)
        if row is None:
            wrong.append(f"order {sale.order_id} never landed")
        elif (found := told_of(row)) != (expected := expected_of(sale)):
            wrong.append(f"order {sale.order_id}: {found} instead of {expected}")
    ours = [row for id, row in rows.items() if id in {sale.order_id for sale in story.sales}]
    sums = (sum(row["total_amount"] for row in ours), sum(row["refunded"] for row in ours))
    truth = (sum(sale.total for sale in story.sales), sum(sale.refunded for sale in story.sales))
    if sums != truth:
        wrong.append(f"sums are {sums}, Polar's {truth}")
    return wrong


def told_of(row: dict[str, object]) -> tuple[object, ...]:
    names = (
        "total_amount",
        "refunded",
        "status",
        "checkout_status",
        "created_events",
        "paid_notices",
        "doubled_refunds",
    )
    return tuple(row[name] for name in names)


def expected_of(sale: Sale) -> tuple[object, ...]:
    return (sale.total, sale.refunded, sale.status, "succeeded", 1, 1, 0)


_ORDERS = """
select o.polar_order_id, o.total_amount, o.refunded_amount + o.refunded_tax_amount as refunded, o.status,
  c.status as checkout_status,
  (select count(*) from events e where e.conversation_id = o.conversation_id and e.type = 'order.created')
    as created_events,
  (select count(*) from notifications n where n.conversation_id = o.conversation_id and n.type = 'order.paid')
    as paid_notices,
  (select count(*) - count(distinct n.data ->> 'refunded_amount') from notifications n
    where n.conversation_id = o.conversation_id and n.type = 'order.refunded') as doubled_refunds
from orders o join checkouts c on c.id = o.checkout_id
"""


async def run(database_url: str, *, deliveries: int, seed: int, kill_seconds: float) -> Outcome:
    async with clustered(database_url, AGENTPAY_LOG_LEVEL="info") as cluster:
        await cluster.heal()
        async with cluster.client(WEBS[0]) as http:
            shop = await cluster.shop(http, provider="template")
            story = await told(cluster, shop, orders=max(1, int(deliveries / PER_ORDER)))
            return await storm(cluster, story, shop.organization_id, seed=seed, kill_seconds=kill_seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.webhooks.storm", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--kill-seconds", type=float, default=5.0, help="a process is killed so often")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with throw_away() as url:
        outcome = asyncio.run(
            run(url, deliveries=options.deliveries, seed=options.seed, kill_seconds=options.kill_seconds)
        )
    print(report(outcome))  # noqa: T201 (its whole purpose)
    sys.exit(1 if outcome.wrong else 0)


def report(outcome: Outcome) -> str:
    lines = [
        f"{outcome.sent:,} deliveries sent, {outcome.stored:,} stored, {outcome.refused} refused as they had to be",
        f"{outcome.kills} processes killed; tries that had to be repeated: {dict(outcome.tries) or 'none'}",
        f"acknowledged: p50 {outcome.p50_milliseconds:.1f} ms, p99 {outcome.p99_milliseconds:.1f} ms,"
        f" {outcome.sent / outcome.acknowledged_seconds:,.0f} a second over {SENDERS} connections",
        f"all settled {outcome.settled_seconds:.0f} s after the first",
        *(f"WRONG: {problem}" for problem in outcome.wrong[:20]),
        f"{len(outcome.wrong)} things wrong",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

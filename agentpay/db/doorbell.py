"""News between processes: coalesced NOTIFY outside business transactions, LISTEN with reconnect.

A NOTIFY inside a transaction serialises the commits of the whole database (PERFORMANCE.md 4), so words are collected
and sent by one statement every `TICK_SECONDS`. A NOTIFY can be lost: whoever listens also polls.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable

import psycopg
import structlog

from agentpay.db.engine import Database
from agentpay.kit.errors import Unavailable

log = structlog.get_logger()

CHANNEL = "agentpay"
TICK_SECONDS = 0.01
RECONNECT_SECONDS = 1.0
PAYLOAD_BYTES_MAX = 7_900
WORDS_WAITING_MAX = 50_000

# What a listener hears after each (re)connect: anything may have been missed.
MISSED = "*"

Listener = Callable[[str], None]


class Doorbell:
    """`ring(topic, word)` calls this process's listeners at once and those of others within some 10 ms.

    Words hold no space. Topics are short names (`events`, `jobs`). Listeners must not block or raise.
    """

    def __init__(self, db: Database, *, listen_url: str | None = None) -> None:
        self._db = db
        self._listen_url = listen_url or db.url
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._waiting: dict[tuple[str, str], None] = {}
        self._rung = asyncio.Event()

    def ring(self, topic: str, word: str = "") -> None:
        self._hear(topic, word)
        if len(self._waiting) < WORDS_WAITING_MAX:
            self._waiting[topic, word] = None
            self._rung.set()

    def subscribe(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Hear words of `topic`, and `MISSED` after a reconnect; returns what ends it."""
        self._listeners[topic].add(listener)
        return lambda: self._listeners[topic].discard(listener)

    async def run(self) -> None:
        """Send and listen until cancelled; survives the database going away."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._listen())

    def _hear(self, topic: str, word: str) -> None:
        for listener in tuple(self._listeners.get(topic, ())):
            listener(word)

    async def _send(self) -> None:
        while True:
            await self._rung.wait()
            await asyncio.sleep(TICK_SECONDS)
            self._rung.clear()
            words, self._waiting = self._waiting, {}
            with contextlib.suppress(psycopg.Error, Unavailable):  # lost news are found by polling
                await self._db.run(
                    "select pg_notify(%(channel)s, note) from unnest(%(notes)s::text[]) note",
                    {"channel": CHANNEL, "notes": payloads([f"{topic}:{word}" for topic, word in words])},
                )

    async def _listen(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._listen_url, autocommit=True)
                async with connection:
                    await connection.execute(f"listen {CHANNEL}".encode())
                    for topic in tuple(self._listeners):
                        self._hear(topic, MISSED)
                    async for notice in connection.notifies():
                        self._deliver(notice.payload)
            except psycopg.Error as error:
                log.warning("doorbell.lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _deliver(self, payload: str) -> None:
        for item in payload.split(" "):
            topic, _, word = item.partition(":")
            self._hear(topic, word)


def payloads(items: list[str]) -> list[str]:
    """Join items by spaces into as few payloads as NOTIFY's 8,000 bytes allow."""
    notes: list[str] = []
    current = ""
    for item in items:
        if current and len(current) + len(item) + 1 > PAYLOAD_BYTES_MAX:
            notes.append(current)
            current = ""
        current = f"{current} {item}" if current else item
    return [*notes, current] if current else notes

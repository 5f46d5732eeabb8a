"""Words on their way to the draft: one statement takes all that is pending in the process.

At once if none ran in the last 20 ms, else at the end of these 20 ms. Words are told to listeners only after their
write was accepted; a draft row that is not there any more means: not mine, say nothing.
"""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import psycopg
import structlog

from agentpay.conversations.append import TOPIC
from agentpay.conversations.stream import Hub
from agentpay.conversations.telling import RunningReply
from agentpay.db.doorbell import Doorbell
from agentpay.db.engine import Database
from agentpay.kit.errors import Unavailable
from agentpay.turns.hold import RunningTurn

log = structlog.get_logger()

FLUSH_SECONDS = 0.02
RETRY_SECONDS = 0.5

_FLUSH = """
update drafts set content = content || pending.text
from unnest(%(ids)s::uuid[], %(attempts)s::int[], %(texts)s::text[]) as pending(turn_id, attempt, text)
where drafts.turn_id = pending.turn_id and drafts.attempt = pending.attempt
returning drafts.turn_id, drafts.started_offset, drafts.last_offset
"""

_HELD = "select turn_id, attempt from drafts where turn_id = any(%(ids)s)"


class DraftWriter:
    """One turn's words: `say` them, `take_rest` at the end."""

    def __init__(self, turn: RunningTurn, *, lost: Callable[[], None], pend: Callable[["DraftWriter"], None]) -> None:
        self.turn = turn
        self.lost = lost
        self.text = ""
        """What was accepted so far."""
        self.has_spoken = False
        self.first_word_seconds: float | None = None
        """From now on until the first word could be read."""
        self._began = time.monotonic()
        self._pending: list[str] = []
        self._pend = pend
        self.is_over = False
        """Its turn is being ended: that the draft is gone means nothing any more."""
        self.idle = asyncio.Event()
        self.idle.set()

    def say(self, text: str) -> None:
        if text:
            self.has_spoken = True
            self._pending.append(text)
            self._pend(self)

    def take_pending(self) -> str:
        words = "".join(self._pending)
        self._pending.clear()
        return words

    def put_back(self, words: str) -> None:
        self._pending.insert(0, words)

    def told(self, words: str) -> None:
        """These words can be read by whoever listens."""
        self.text += words
        if self.first_word_seconds is None:
            self.first_word_seconds = self.seconds

    @property
    def seconds(self) -> float:
        """Since it was opened."""
        return time.monotonic() - self._began

    async def take_rest(self) -> str:
        """Wait for a flush under way; what is still pending is the caller's to store with the turn's end."""
        self.is_over = True
        await self.idle.wait()
        return self.take_pending()


class Flusher:
    """Writes the drafts of this process. One a process."""

    def __init__(self, db: Database, doorbell: Doorbell, hub: Hub) -> None:
        self._db = db
        self._doorbell = doorbell
        self._hub = hub
        self._writers: dict[UUID, DraftWriter] = {}
        self._waiting: dict[UUID, DraftWriter] = {}
        self._news = asyncio.Event()

    def open(self, turn: RunningTurn, *, lost: Callable[[], None]) -> DraftWriter:
        """`lost` is called once when the draft turns out not to be this attempt's any more."""
        writer = DraftWriter(turn, lost=lost, pend=self._pend)
        self._writers[turn.id] = writer
        return writer

    def close(self, writer: DraftWriter) -> None:
        """Nothing more comes from it. Where another attempt writes here already, that one goes on."""
        turn = writer.turn
        if self._waiting.get(turn.id) is writer:
            del self._waiting[turn.id]
        if self._writers.get(turn.id) is writer:
            del self._writers[turn.id]
            self._hub.wrote(turn.conversation_id, None)

    async def run(self) -> None:
        """Flush until cancelled. While the database is away words wait; the turn's own writes fail where they must."""
        while True:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, {}
            words = {turn_id: text for turn_id, writer in batch.items() if (text := writer.take_pending())}
            if words:
                await self._flush(batch, words)
                await asyncio.sleep(FLUSH_SECONDS)

    async def look(self) -> None:
        """Tell those whose draft is gone that they lost it, though they have nothing to write: models may be silent."""
        asked = [writer for writer in self._writers.values() if not writer.is_over]
        if not asked:
            return
        rows = await self._db.all(_HELD, {"ids": [writer.turn.id for writer in asked]})
        held = {(row["turn_id"], row["attempt"]) for row in rows}
        for writer in asked:
            if (writer.turn.id, writer.turn.attempt) not in held and not writer.is_over:
                writer.lost()

    def _pend(self, writer: DraftWriter) -> None:
        self._waiting[writer.turn.id] = writer
        self._news.set()

    async def _flush(self, batch: dict[UUID, DraftWriter], words: dict[UUID, str]) -> None:
        for turn_id in words:
            batch[turn_id].idle.clear()
        try:
            rows = await self._write(batch, words)
        except (psycopg.Error, Unavailable) as error:
            log.warning("drafts.unwritten", error=type(error).__name__)
            for turn_id, text in words.items():
                batch[turn_id].put_back(text)
                self._waiting.setdefault(turn_id, batch[turn_id])
            self._news.set()
            await asyncio.sleep(RETRY_SECONDS)
            return
        finally:
            for turn_id in words:
                batch[turn_id].idle.set()
        for turn_id in words.keys() - rows.keys():
            batch[turn_id].lost()
        for turn_id, reply in rows.items():
            if self._writers.get(turn_id) is batch[turn_id]:
                self._hub.wrote(batch[turn_id].turn.conversation_id, reply)
            self._doorbell.ring(TOPIC, batch[turn_id].turn.conversation_id.hex)

    async def _write(self, batch: dict[UUID, DraftWriter], words: dict[UUID, str]) -> dict[UUID, RunningReply]:
        params = {
            "ids": list(words),
            "attempts": [batch[turn_id].turn.attempt for turn_id in words],
            "texts": list(words.values()),
        }
        rows = await self._db.all(_FLUSH, params)
        replies = {}
        for row in rows:
            writer = batch[row["turn_id"]]
            writer.told(words[row["turn_id"]])
            replies[row["turn_id"]] = RunningReply(
                turn_id=writer.turn.id,
                reply_id=writer.turn.reply_id,
                started_offset=row["started_offset"],
                last_offset=row["last_offset"],
                start=0,
                text=writer.text,
            )
        return replies

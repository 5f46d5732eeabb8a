"""Listening to conversations: one hub a process wakes its streams; a stream holds a cursor, no queue.

News come by the doorbell; because a NOTIFY can be lost, the hub also polls the offsets of what it streams. Text that
this process wrote itself is told from memory once its write was accepted; everything else is read, in one snapshot.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from agentpay.conversations.append import TOPIC
from agentpay.conversations.cursor import Cursor
from agentpay.conversations.render import LiveState, messages_public
from agentpay.conversations.telling import RunningReply, Telling, ToldEvent, frame
from agentpay.db.doorbell import MISSED, Doorbell
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit import wire
from agentpay.kit.errors import Limited, NotFound, Unavailable

POLL_SECONDS = 2.0
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS_MAX = 600.0
CREDENTIAL_SECONDS = 5.0
EVENTS_PER_READ_MAX = 200
HEARTBEAT = b":\n\n"

_READ = f"""
select 0 as kind, d.last_offset as "offset", null as type, null::jsonb as data, d.started_offset::int as draft_length,
  case when %(offset)s >= d.started_offset then substring(d.content from %(points)s + 1) else d.content end as text,
  t.reply_id, d.turn_id, null::jsonb as message
from drafts d join turns t on t.id = d.turn_id where d.conversation_id = %(id)s
union all
(select 1, e."offset", e.type, e.data, e.draft_length, null, null, null, to_jsonb(m)
from events e left join messages m on m.id = e.subject_id
where e.conversation_id = %(id)s and e."offset" > %(offset)s order by e."offset" limit {EVENTS_PER_READ_MAX})
order by 1, 2
"""

_NEWS = """
select c.id, c.last_offset, coalesce(char_length(d.content), 0) as points
from conversations c left join drafts d on d.conversation_id = c.id where c.id = any(%(ids)s)
"""


class Stream:
    """One open stream. `wake` after anything happened; `over` ends it."""

    def __init__(self, conversation_id: UUID, telling: Telling, *, address: str) -> None:
        self.conversation_id = conversation_id
        self.telling = telling
        self.address = address
        self.news = asyncio.Event()
        self.is_closing = False
        self.news.set()

    def close(self) -> None:
        self.is_closing = True
        self.news.set()


class Hub:
    """Wakes the streams of this process and knows the replies that it is writing itself."""

    def __init__(self, db: Database, doorbell: Doorbell, *, per_conversation_max: int, per_address_max: int) -> None:
        self._db = db
        self._per_conversation_max = per_conversation_max
        self._per_address_max = per_address_max
        self._streams: dict[UUID, set[Stream]] = {}
        self._addresses: Counter[str] = Counter()
        self._live: dict[UUID, RunningReply] = {}
        self._is_closing = False
        doorbell.subscribe(TOPIC, self._hear)

    @property
    def stream_count(self) -> int:
        return sum(self._addresses.values())

    def check(self, conversation_id: UUID, *, address: str) -> None:
        """Raises Limited where one more stream would be above the limits per conversation and address (here)."""
        counted = [stream for stream in self._streams.get(conversation_id, ()) if stream.address]
        if len(counted) >= self._per_conversation_max:
            raise Limited("Too many streams of this conversation are open.", retry_after=5)
        if self._addresses[address] >= self._per_address_max:
            raise Limited("Too many streams are open from this address.", retry_after=5)

    def open(self, conversation_id: UUID, telling: Telling, *, address: str) -> Stream:
        """Register a stream. Raises Limited (`check`)."""
        self.check(conversation_id, address=address)
        stream = Stream(conversation_id, telling, address=address)
        self._streams.setdefault(conversation_id, set()).add(stream)
        self._addresses[address] += 1
        stream.is_closing = self._is_closing
        return stream

    def close(self, stream: Stream) -> None:
        streams = self._streams.get(stream.conversation_id)
        if streams is None or stream not in streams:
            return
        streams.discard(stream)
        if not streams:
            del self._streams[stream.conversation_id]
        if not stream.address:
            return  # a waiting request: counted by nobody
        self._addresses[stream.address] -= 1
        if not self._addresses[stream.address]:
            del self._addresses[stream.address]

    async def wait_until_over(self, db: Database, *, conversation_id: UUID, telling: Telling, seconds: float) -> None:
        """Return when what `telling` waits for was told, here or by another process, after `seconds` at the latest."""
        stream = Stream(conversation_id, telling, address="")
        self._streams.setdefault(conversation_id, set()).add(stream)
        try:
            async with asyncio.timeout(seconds):
                while not (telling.is_over or self._is_closing):
                    await stream.news.wait()
                    stream.news.clear()
                    await _skim(db, stream)
        except (TimeoutError, psycopg.Error, Unavailable):
            return
        finally:
            self.close(stream)

    def close_all(self) -> None:
        """At shutdown: every stream ends after what it has to tell; clients reconnect elsewhere."""
        self._is_closing = True
        for streams in tuple(self._streams.values()):
            for stream in tuple(streams):
                stream.close()

    def wrote(self, conversation_id: UUID, reply: RunningReply | None) -> None:
        """The running reply as this process has stored it (None = it ended)."""
        if reply is None:
            self._live.pop(conversation_id, None)
        else:
            self._live[conversation_id] = reply

    def live(self, conversation_id: UUID) -> RunningReply | None:
        return self._live.get(conversation_id)

    async def run(self) -> None:
        """Poll what is streamed until cancelled: the safety net under lost notifications."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._streams:
                continue
            with contextlib.suppress(psycopg.Error, Unavailable):
                for row in await self._db.all(_NEWS, {"ids": list(self._streams)}):
                    here = Cursor(row["last_offset"], row["points"])
                    for stream in self._streams.get(row["id"], ()):
                        if stream.telling.cursor < here:
                            stream.news.set()

    def _hear(self, word: str) -> None:
        if word == MISSED:
            for streams in self._streams.values():
                for stream in streams:
                    stream.news.set()
            return
        for stream in self._streams.get(UUID(hex=word), ()):
            stream.news.set()


class Listening:
    """One reader of one conversation: an iterator of encoded frames, until it is over, revoked or too old."""

    def __init__(
        self,
        db: Database,
        hub: Hub,
        stream: Stream,
        *,
        for_staff: bool,
        live_state: LiveState,
        still_allowed: Callable[[], Awaitable[bool]],
        first: bytes = b"",
    ) -> None:
        self._db = db
        self._hub = hub
        self._stream = stream
        self._for_staff = for_staff
        self._live_state = live_state
        self._still_allowed = still_allowed
        self._first = first

    async def frames(self) -> AsyncIterator[bytes]:
        """Chunks to send. The database may go away meanwhile: the stream then waits and goes on."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_SECONDS_MAX
        check_at = loop.time() + CREDENTIAL_SECONDS
        beat_at = loop.time() + HEARTBEAT_SECONDS
        yield HEARTBEAT + self._first  # the head reaches the reader at once, through any proxy
        while True:
            self._stream.news.clear()
            chunk = await self._next()
            if chunk:
                beat_at = loop.time() + HEARTBEAT_SECONDS
                yield chunk
            if self._stream.telling.is_over or self._stream.is_closing or loop.time() >= ends_at:
                return
            wait = max(0.0, min(beat_at, check_at, ends_at) - loop.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stream.news.wait()
            if loop.time() >= check_at:
                check_at = loop.time() + CREDENTIAL_SECONDS
                if not await self._is_allowed():
                    return
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT_SECONDS
                yield HEARTBEAT

    async def _is_allowed(self) -> bool:
        try:
            return await self._still_allowed()
        except (psycopg.Error, Unavailable):
            return True  # an outage revokes nobody; the next check decides

    async def _next(self) -> bytes:
        telling = self._stream.telling
        live = self._hub.live(self._stream.conversation_id)
        if live is not None and telling.following == live.reply_id and telling.cursor.offset == live.last_offset:
            return b"".join(telling.words_of(live))
        try:
            return await self._read()
        except (psycopg.Error, Unavailable):
            await asyncio.sleep(POLL_SECONDS)
            self._stream.news.set()
            return b""

    async def _read(self) -> bytes:
        telling = self._stream.telling
        params = {
            "id": self._stream.conversation_id,
            "offset": telling.cursor.offset,
            "points": telling.cursor.points,
        }
        rows = await self._db.all(_READ, params)
        reply = _reply(rows[0], telling.cursor) if rows and rows[0]["kind"] == 0 else None
        events = [_told(row) for row in rows if row["kind"] == 1]
        if len(events) == EVENTS_PER_READ_MAX:
            self._stream.news.set()
            reply = reply if reply and events[-1].offset == reply.last_offset else None
        messages = await messages_public(
            self._db,
            [event.message for event in events if event.message is not None],
            for_staff=self._for_staff,
            live_state=self._live_state,
        )
        public = {message.id: message for message in messages}

        def render(event: ToldEvent) -> Any:
            if event.message is not None:
                return public[event.message["id"]]
            return event.data if self._for_staff else without_staff_fields(event)

        return b"".join(telling.tell(events, reply, render=render))


async def start_cursor(
    db: Database, *, conversation_id: UUID, asked: Cursor | None, has_asked: bool
) -> tuple[Cursor, bytes]:
    """Where a stream begins, and what it says first.

    Without a position: at the running turn, if any, else live. With one that is no longer kept, or is not ours:
    `stream.reset` with the position from which it goes on. Raises NotFound once it was erased.
    """
    row = await db.one(
        """select c.last_offset, d.started_offset,
          (select min("offset") from events where conversation_id = c.id) as first_offset
        from conversations c left join drafts d on d.conversation_id = c.id
        where c.id = %(id)s and c.deleted_at is null""",
        {"id": conversation_id},
    )
    if row is None:
        raise NotFound
    last, first = row["last_offset"], row["first_offset"]
    if not has_asked:
        return Cursor(row["started_offset"] - 1 if row["started_offset"] else last), b""
    oldest = first - 1 if first is not None else last
    if asked is not None and oldest <= asked.offset <= last:
        return asked, b""
    fresh = Cursor(last, 0, True)
    return fresh, frame(fresh, "stream.reset", wire.encode({"last_event_id": str(fresh)}))


async def _skim(db: Database, stream: Stream) -> None:
    """Follow the events without telling them."""
    rows = await db.all(
        f"""select "offset", type, data from events
        where conversation_id = %(id)s and "offset" > %(offset)s order by "offset" limit {EVENTS_PER_READ_MAX}""",
        {"id": stream.conversation_id, "offset": stream.telling.cursor.offset},
    )
    stream.telling.skip([ToldEvent(row["offset"], row["type"], row["data"]) for row in rows])
    if len(rows) == EVENTS_PER_READ_MAX:
        stream.news.set()


def without_staff_fields(event: ToldEvent) -> dict[str, Any]:
    """An event's public object as a visitor may see it."""
    hidden = {"below_bound"} if event.type.startswith("order.") else set()
    return {name: value for name, value in event.data.items() if name not in hidden}


def _reply(row: Row, cursor: Cursor) -> RunningReply:
    started = row["draft_length"]
    return RunningReply(
        turn_id=row["turn_id"],
        reply_id=row["reply_id"],
        started_offset=started,
        last_offset=row["offset"],
        start=cursor.points if cursor.offset >= started else 0,
        text=row["text"],
    )


def _told(row: Row) -> ToldEvent:
    message = row["message"]
    if message is not None:
        message = {**message}
        for name in ("id", "conversation_id", "turn_id"):
            message[name] = UUID(message[name]) if message[name] else None
        for name in ("created_at", "modified_at"):
            message[name] = datetime.fromisoformat(message[name]) if message[name] else None
    return ToldEvent(row["offset"], row["type"], row["data"], row["draft_length"], message)

"""What one stream tells next, from one consistent read of events and the running reply. Pure.

Deltas and events interleave exactly: each event knows how many code points of the running reply precede it. Text up to
the next event is told under the offset of the last one, so ids are equal in all streams however the text was cut.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from agentpay.conversations.cursor import Cursor
from agentpay.kit import wire


class ToldEvent(msgspec.Struct, frozen=True):
    offset: int
    type: str
    data: dict[str, Any]
    draft_length: int = 0
    message: dict[str, Any] | None = None
    """The message's row, for events of messages."""


class RunningReply(msgspec.Struct, frozen=True):
    """The draft as read: `text` starts at code point `start`; what follows is told under `last_offset`."""

    turn_id: UUID
    reply_id: UUID
    started_offset: int
    last_offset: int
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def between(self, start: int, end: int) -> str:
        return self.text[max(0, start - self.start) : max(0, end - self.start)]


Render = Callable[[ToldEvent], Any]


class Telling:
    """One stream's progress: its cursor, and the reply whose words it is passing on."""

    def __init__(self, cursor: Cursor, *, until_turn: UUID | None = None) -> None:
        self.cursor = cursor
        self.following: UUID | None = None
        self.is_over = False
        self._until_turn = str(until_turn) if until_turn else None
        self._is_first = True

    def tell(self, events: Sequence[ToldEvent], reply: RunningReply | None, *, render: Render) -> list[bytes]:
        """Frames for everything after the cursor, in order; moves the cursor."""
        frames: list[bytes] = []
        self._join(reply, frames)
        ended = {
            str(event.message["id"]): event
            for event in events
            if event.type == "message.completed" and event.message is not None
        }
        for event in events:
            if self.is_over:
                return frames
            text = reply if reply and reply.reply_id == self.following else self._ended_reply(ended)
            if text is not None and event.offset > text.started_offset:
                upto = text.end if event.type == "message.completed" else event.draft_length
                self._words(text, upto, frames)
            self._event(event, frames, render)
        if reply is not None and not self.is_over:
            self._words(reply, reply.end, frames)
        return frames

    def skip(self, events: Sequence[ToldEvent]) -> None:
        """Move behind `events` without telling them, up to the one that ends this telling."""
        for event in events:
            self.cursor = Cursor(event.offset)
            if event.type == "turn.completed" and event.data.get("turn_id") == self._until_turn:
                self.is_over = True
                return

    def words_of(self, reply: RunningReply) -> list[bytes]:
        """Frames from text that this process wrote itself; nothing if events must be read first."""
        frames: list[bytes] = []
        if self.following == reply.reply_id and self.cursor.offset == reply.last_offset:
            self._words(reply, reply.end, frames)
        return frames

    def _join(self, reply: RunningReply | None, frames: list[bytes]) -> None:
        """On the first read, take up a reply that was already running at the cursor."""
        if self._is_first and reply is not None and reply.started_offset <= self.cursor.offset:
            self.following = reply.reply_id
            if self.cursor.is_fresh:
                data = {"turn_id": str(reply.turn_id), "message_id": str(reply.reply_id)}
                self.cursor = Cursor(self.cursor.offset)
                frames.append(frame(self.cursor, "turn.started", wire.encode(data)))
        self._is_first = False

    def _ended_reply(self, ended: dict[str, ToldEvent]) -> RunningReply | None:
        """The reply we were following has ended meanwhile: its stored text holds the words still to be told."""
        event = ended.get(str(self.following))
        if self.following is None or event is None or event.message is None:
            return None
        return RunningReply(
            turn_id=UUID(str(event.message["turn_id"])),
            reply_id=self.following,
            started_offset=0,
            last_offset=event.offset - 1,
            start=0,
            text=str(event.message["content"]),
        )

    def _words(self, reply: RunningReply, upto: int, frames: list[bytes]) -> None:
        if self.following != reply.reply_id or upto <= self.cursor.points:
            return
        text = reply.between(self.cursor.points, upto)
        if not text:
            return
        self.cursor = Cursor(self.cursor.offset, self.cursor.points + len(text))
        data = {"message_id": str(reply.reply_id), "text": text}
        frames.append(frame(self.cursor, "message.delta", wire.encode(data)))

    def _event(self, event: ToldEvent, frames: list[bytes], render: Render) -> None:
        if event.type == "turn.started":
            self.following = UUID(event.data["message_id"])
            points = 0
        else:
            if event.type in ("message.completed", "turn.completed"):
                self.following = None
            points = self.cursor.points if self.following else event.draft_length
        self.cursor = Cursor(event.offset, points)
        frames.append(frame(self.cursor, event.type, wire.encode(render(event))))
        if event.type == "turn.completed" and event.data.get("turn_id") == self._until_turn:
            self.is_over = True


def frame(cursor: Cursor | None, event: str, data: bytes) -> bytes:
    """One server-sent event. JSON has no raw line ends, so `data` is one line."""
    head = f"id: {cursor}\n" if cursor is not None else ""
    return b"%sevent: %s\ndata: %s\n\n" % (head.encode(), event.encode(), data)

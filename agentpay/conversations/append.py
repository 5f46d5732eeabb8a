"""Appending to a conversation: its lock, its events, its system messages, in the caller's transaction.

Lock order of the whole service: conversation → turn → draft → offer → checkout → budgets.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.conversations import notices
from agentpay.conversations.enums import STAGES
from agentpay.conversations.render import handoff_public
from agentpay.db.doorbell import Doorbell
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import NotFound
from agentpay.kit.ids import uuid7

TOPIC = "events"

OnEvent = Callable[[str, Mapping[str, Any]], None]
"""Type and data of an event that was committed."""

# The running draft is told in the same statement: text written after these events is told after them, in every stream.
# `is_noticed`: whether the merchant's server hears of its messages, asked here so that a web chat pays nothing for it.
_EVENTS = f"""
with counted as (
  update conversations set last_offset = last_offset + %(count)s where id = %(conversation_id)s
  returning last_offset, {notices.IS_NOTICED} as is_noticed),
told as (
  update drafts set last_offset = counted.last_offset from counted
  where drafts.conversation_id = %(conversation_id)s returning char_length(content) as points)
insert into events (conversation_id, "offset", type, subject_id, data, draft_length)
select %(conversation_id)s, last_offset - %(count)s + place, type, subject_id, data,
  coalesce((select points from told), 0)
from counted, unnest(%(types)s::text[], %(subject_ids)s::uuid[], %(data)s::jsonb[])
  with ordinality as given(type, subject_id, data, place)
order by place returning "offset", draft_length, (select is_noticed from counted) as is_noticed
"""


class NewEvent(NamedTuple):
    """`data` is the public object; empty where `subject_id` is a message."""

    type: str
    data: Mapping[str, Any] = {}
    subject_id: UUID | None = None


class Place(NamedTuple):
    """Where an event stands, and how much of the running draft was told before it."""

    offset: int
    draft_length: int


class Appender:
    """Appends events; rings for each conversation once its transaction has committed. One a process."""

    def __init__(self, doorbell: Doorbell, jobs: Jobs) -> None:
        self._doorbell = doorbell
        self._jobs = jobs
        self.on_event: OnEvent = _unobserved

    async def event(
        self,
        tx: Tx,
        *,
        conversation_id: UUID,
        type: str,
        data: Mapping[str, Any] | None = None,
        subject_id: UUID | None = None,
    ) -> int:
        """Append one event; returns its offset."""
        (place,) = await self.events(tx, NewEvent(type, data or {}, subject_id), conversation_id=conversation_id)
        return place.offset

    async def events(self, tx: Tx, *new: NewEvent, conversation_id: UUID) -> list[Place]:
        """Append events one behind the other, in one statement. A message's own row is stored before its event."""
        rows = await tx.all(
            _EVENTS,
            {
                "conversation_id": conversation_id,
                "count": len(new),
                "types": [event.type for event in new],
                "subject_ids": [event.subject_id for event in new],
                "data": [Jsonb(dict(event.data)) for event in new],
            },
        )
        self.ring(tx, conversation_id)
        for event, row in zip(new, rows, strict=True):
            tx.after_commit(partial(self._observe, event))
            if row["is_noticed"] and event.subject_id is not None and event.type in notices.TYPES:
                await notices.tell(tx, self._jobs, type=event.type, message_id=event.subject_id)
        return [Place(row["offset"], row["draft_length"]) for row in rows]

    def _observe(self, event: NewEvent) -> None:
        self.on_event(event.type, event.data)

    def ring(self, tx: Tx, conversation_id: UUID) -> None:
        tx.after_commit(lambda: self._doorbell.ring(TOPIC, conversation_id.hex))

    async def system_message(
        self,
        tx: Tx,
        *,
        organization_id: UUID,
        conversation_id: UUID,
        content: str,
        attachments: Sequence[Mapping[str, Any]] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> UUID:
        """A message of ours outside any turn (an order arrived, an offer lapsed), with its event. Returns its id."""
        message_id = uuid7()
        await tx.execute(
            """with counted as (
              update conversations set last_sequence = last_sequence + 1, message_count = message_count + 1,
                last_message_at = clock_timestamp(), modified_at = now()
              where id = %(conversation_id)s and organization_id = %(organization_id)s returning last_sequence)
            insert into messages (id, organization_id, conversation_id, sequence, role, content, attachments, metadata)
            select %(id)s, %(organization_id)s, %(conversation_id)s, last_sequence, 'system', %(content)s,
              %(attachments)s, %(metadata)s from counted""",
            {
                "id": message_id,
                "organization_id": organization_id,
                "conversation_id": conversation_id,
                "content": content,
                "attachments": Jsonb([dict(attachment) for attachment in attachments]),
                "metadata": Jsonb(dict(metadata or {})),
            },
        )
        await self.event(tx, conversation_id=conversation_id, type="message.created", subject_id=message_id)
        return message_id

    async def conversation_updated(self, tx: Tx, *, organization_id: UUID, conversation_id: UUID) -> None:
        """Tell the conversation's status, stage, order and handoff as they are in this transaction."""
        row = await tx.one(
            """select c.status, c.stage, c.order_id, h.taken_at, h.staff_name, h.reason, h.created_at as asked_at
            from conversations c
            left join handoffs h on h.conversation_id = c.id and h.released_at is null
            where c.id = %(conversation_id)s and c.organization_id = %(organization_id)s""",
            {"conversation_id": conversation_id, "organization_id": organization_id},
        )
        if row is None:
            raise NotFound
        await self.event(
            tx,
            conversation_id=conversation_id,
            type="conversation.updated",
            data={
                "status": row["status"],
                "stage": row["stage"],
                "order_id": str(row["order_id"]) if row["order_id"] else None,
                "handoff": handoff_public(row),
            },
        )

    async def set_stage(self, tx: Tx, *, organization_id: UUID, conversation_id: UUID, stage: str) -> None:
        """Move the conversation forward to `stage` and tell; never back, so that the funnel keeps the furthest."""
        moved = await tx.execute(
            """update conversations set stage = %(stage)s, modified_at = now()
            where id = %(conversation_id)s and organization_id = %(organization_id)s and stage = any(%(earlier)s)""",
            {
                "stage": stage,
                "conversation_id": conversation_id,
                "organization_id": organization_id,
                "earlier": list(STAGES[: STAGES.index(stage)]),
            },
        )
        if moved:
            await self.conversation_updated(tx, organization_id=organization_id, conversation_id=conversation_id)


def _unobserved(type: str, data: Mapping[str, Any]) -> None:
    """Nobody counts events, until the composition root says who does."""


async def lock(tx: Tx, *, organization_id: UUID, conversation_id: UUID) -> Row:
    """Lock the conversation's row and return it. Raises NotFound, also for another organization's.

    Take it before any other row of the conversation.
    """
    row = await tx.one(
        "select * from conversations"
        " where id = %(conversation_id)s and organization_id = %(organization_id)s for update",
        {"conversation_id": conversation_id, "organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return row


async def lock_living(tx: Tx, *, organization_id: UUID, conversation_id: UUID) -> Row:
    """`lock` for a caller: an erased conversation is not found, whoever still holds its token."""
    row = await lock(tx, organization_id=organization_id, conversation_id=conversation_id)
    if row["deleted_at"] is not None:
        raise NotFound
    return row

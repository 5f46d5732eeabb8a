"""Queries of conversations, tokens and messages. What serves a caller takes `organization_id`."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import limits
from agentpay.kit.errors import NotFound

CONVERSATION = """
select c.*, h.created_at as asked_at, h.taken_at, h.staff_name, h.reason
from conversations c
left join handoffs h on h.conversation_id = c.id and h.released_at is null
"""


async def get_conversation(db: Database, *, organization_id: UUID, conversation_id: UUID) -> Row:
    """The conversation with its open handoff's columns. Raises NotFound, also once it was erased."""
    row = await db.one(
        f"{CONVERSATION} where c.id = %(id)s and c.organization_id = %(organization_id)s and c.deleted_at is null",
        {"id": conversation_id, "organization_id": organization_id},
    )
    if row is None:
        raise NotFound
    return row


async def list_conversations(
    db: Database, *, organization_id: UUID, filters: dict[str, Any], before: UUID | None, limit: int
) -> list[Row]:
    """Newest first, one more than `limit` where there are more. `filters` are column names of ours → values."""
    conditions = ["c.organization_id = %(organization_id)s", "c.deleted_at is null"]
    params: dict[str, Any] = {"organization_id": organization_id, "limit": limit + 1}
    if before is not None:
        conditions.append("c.id < %(before)s")
        params["before"] = before
    for name, value in filters.items():
        if value is not None:
            conditions.append(_FILTERS[name])
            params[name] = value
    return await db.all(f"{CONVERSATION} where {' and '.join(conditions)} order by c.id desc limit %(limit)s", params)


_FILTERS = {
    **{
        name: f"c.{name} = %({name})s"
        for name in (
            "status", "stage", "channel", "agent_id", "customer_id", "external_customer_id", "session_id", "order_id",
        )
    },
    "created_after": "c.created_at > %(created_after)s",
    "created_before": "c.created_at < %(created_before)s",
    "handoff": "case when h.id is null then 'none' when h.taken_at is null then 'asked' else 'taken' end = %(handoff)s",
}  # fmt: skip


async def find_open_of_session(tx: Tx, *, organization_id: UUID, channel: str, session_id: str) -> Row | None:
    return await tx.one(
        f"""{CONVERSATION} where c.organization_id = %(organization_id)s and c.channel = %(channel)s
        and c.session_id = %(session_id)s and c.status <> 'closed' and c.deleted_at is null""",
        {"organization_id": organization_id, "channel": channel, "session_id": session_id},
    )


async def find_open_of_customer(
    tx: Tx, *, organization_id: UUID, channel: str, external_customer_id: str
) -> Row | None:
    """A proven customer's newest open conversation of the channel."""
    return await tx.one(
        f"""{CONVERSATION} where c.organization_id = %(organization_id)s and c.channel = %(channel)s
        and c.external_customer_id = %(external_customer_id)s and c.status <> 'closed' and c.deleted_at is null
        order by c.id desc limit 1""",
        {
            "organization_id": organization_id,
            "channel": channel,
            "external_customer_id": external_customer_id,
        },
    )


async def insert_token(tx: Tx, *, organization_id: UUID, conversation_id: UUID, token_hash: bytes) -> None:
    await tx.execute(
        f"""insert into conversation_tokens (token_hash, organization_id, conversation_id, expires_at)
        values (%(hash)s, %(organization_id)s, %(id)s, now() + interval '{limits.TOKEN_DAYS} days')""",
        {"hash": token_hash, "organization_id": organization_id, "id": conversation_id},
    )


async def find_token(tx: Tx, *, token_hash: bytes) -> Row | None:
    """The credential look-up: which conversation of which organization a valid token opens."""
    return await tx.one(
        """select t.organization_id, t.conversation_id, c.session_id, c.channel, c.status
        from conversation_tokens t join conversations c on c.id = t.conversation_id
        where t.token_hash = %(hash)s and t.revoked_at is null and t.expires_at > clock_timestamp()
          and c.deleted_at is null""",
        {"hash": token_hash},
    )


class FoundMessages(msgspec.Struct, frozen=True):
    """A page, oldest first, and the stream's position in the same snapshot: nothing falls between the two."""

    messages: list[Row]
    has_more: bool
    last_offset: int


async def messages_page(
    db: Database, *, conversation_id: UUID, before: int | None, after: int | None, limit: int
) -> FoundMessages:
    """Messages by sequence: the first after one, the last before one (the latest without either), or between two."""
    direction = "asc" if after is not None else "desc"
    rows = await db.all(
        f"""select c.last_offset as stream_offset, m.* from conversations c left join lateral (
          select * from messages m where m.conversation_id = c.id and m.deleted_at is null
            and m.sequence > %(after)s and m.sequence < %(before)s order by m.sequence {direction}
          limit %(limit)s) m on true
        where c.id = %(id)s and c.deleted_at is null order by m.sequence""",
        {
            "id": conversation_id,
            "after": after if after is not None else 0,
            "before": before if before is not None else 2**62,
            "limit": limit + 1,
        },
    )
    if not rows:
        raise NotFound
    messages = [row for row in rows if row["id"] is not None]
    has_more = len(messages) > limit
    if has_more:
        messages = messages[:limit] if after is not None else messages[1:]
    return FoundMessages(messages, has_more, rows[0]["stream_offset"])


async def sequence_of(db: Database, *, conversation_id: UUID, message_id: UUID) -> int:
    """Raises NotFound for a message of another conversation."""
    sequence = await db.value(
        "select sequence from messages where id = %(message_id)s and conversation_id = %(id)s and deleted_at is null",
        {"message_id": message_id, "id": conversation_id},
    )
    if sequence is None:
        raise NotFound
    return int(sequence)


async def put_feedback(
    db: Database,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    message_id: UUID,
    helpful: bool,
    rating: int | None,
    comment: str | None,
) -> None:
    """Only replies (agent or staff) can be judged; the latest word counts. Raises NotFound otherwise."""
    stored = await db.run(
        """insert into feedback (message_id, organization_id, conversation_id, helpful, rating, comment)
        select id, organization_id, conversation_id, %(helpful)s, %(rating)s, %(comment)s from messages
        where id = %(message_id)s and conversation_id = %(conversation_id)s and organization_id = %(organization_id)s
          and role in ('agent', 'staff')
        on conflict (message_id) do update
          set helpful = excluded.helpful, rating = excluded.rating, comment = excluded.comment, created_at = now()""",
        {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "organization_id": organization_id,
            "helpful": helpful,
            "rating": rating,
            "comment": comment,
        },
    )
    if not stored:
        raise NotFound


async def update_fields(tx: Tx, *, conversation_id: UUID, fields: dict[str, Any]) -> None:
    """Set columns of a locked conversation. Names are ours, never a caller's."""
    assignments = ", ".join(f"{name} = %({name})s" for name in fields)
    params = {name: Jsonb(value) if isinstance(value, dict | list) else value for name, value in fields.items()}
    await tx.execute(
        f"update conversations set {assignments}, modified_at = now() where id = %(conversation_id)s",
        {**params, "conversation_id": conversation_id},
    )

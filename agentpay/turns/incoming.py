"""A message comes in: stored with its key and its turn in one transaction, before anything else happens (API § 6)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.callers import limits as rates
from agentpay.callers.idempotency import IdempotencyMismatch
from agentpay.conversations import handoff
from agentpay.conversations.access import check_context
from agentpay.conversations.append import Appender, NewEvent, lock_living
from agentpay.conversations.cursor import Cursor
from agentpay.conversations.errors import ConversationClosed, ConversationFull
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.caller import Member
from agentpay.kit.ids import uuid7
from agentpay.turns import begin, end
from agentpay.turns.hold import RunningTurn

KEY_LOCK_SECONDS = 1


class MessageLimits(msgspec.Struct, frozen=True):
    """Counted per conversation, on all replicas (API § 10)."""

    per_minute: int
    in_all: int


class Incoming(msgspec.Struct, frozen=True):
    """One message as it arrives. `key` and `request_hash` where the caller sent an Idempotency-Key."""

    content: str
    context: dict[str, Any] | None = None
    author_name: str | None = None
    key: str | None = None
    request_hash: bytes = b""


class Received(msgspec.Struct, frozen=True):
    """What became of it. `turn_id` is None for staff; `running` is to be started by this process."""

    message_id: UUID
    turn_id: UUID | None
    cursor: Cursor
    """Just before the message's own event."""
    running: RunningTurn | None = None
    is_replay: bool = False


class Reception:
    """Takes messages in. One a process; `owner` is the process that will run the turns."""

    def __init__(self, db: Database, appender: Appender, jobs: Jobs, *, owner: UUID, limits: MessageLimits) -> None:
        self._db = db
        self._appender = appender
        self._jobs = jobs
        self._owner = owner
        self._limits = limits

    async def visitor_message(
        self, incoming: Incoming, *, member: Member, escalate_after: Mapping[UUID, int | None]
    ) -> Received:
        """Store a visitor's message and its turn.

        1. Lock the conversation. 2. A known key: the turn as it is, nothing new. 3. Refuse what API §§ 9–10 refuse.
        4. Message, `message.created`, turn (running, waiting, or handed off at once). 5. The key. `escalate_after`: by
        agent, how many visitor messages ask for a person.
        Raises ConversationClosed, ConversationFull, Limited, IdempotencyMismatch, Invalid.
        """
        async with self._db.transaction() as tx:
            conversation = await self._lock(tx, member)
            if replayed := await self._replay(tx, incoming, member, conversation):
                return replayed
            await self._refuse(tx, conversation)
            stored = await self._store(tx, incoming, conversation, role="user")
            if conversation["status"] == "active":
                turn_id, running = await begin.open_turn(
                    tx, self._appender, conversation=conversation, sequence=stored.sequence, owner=self._owner
                )
            else:
                reason = "paused" if conversation["status"] == "paused" else "taken"
                running = None
                turn_id = await begin.refuse_turn(
                    tx, self._appender, conversation=conversation, sequence=stored.sequence, reason=reason
                )
            messages_max = escalate_after.get(conversation["agent_id"])
            if messages_max is not None and conversation["messages_since_release"] + 1 >= messages_max:
                await handoff.request(
                    tx, self._appender, self._jobs, conversation=conversation, asked_by="rule",
                    reason="The conversation has become long.",
                )  # fmt: skip
            await self._keep_key(tx, incoming, member, message_id=stored.id, turn_id=turn_id)
        return Received(stored.id, turn_id, stored.cursor, running)

    async def staff_message(self, incoming: Incoming, *, member: Member) -> Received:
        """Store a staff message; it takes the conversation if nobody has, which silences the AI. No turn.

        Raises ConversationClosed, HandoffTaken, IdempotencyMismatch.
        """
        async with self._db.transaction() as tx:
            conversation = await self._lock(tx, member)
            if replayed := await self._replay(tx, incoming, member, conversation):
                return replayed
            await silence(tx, self._appender, conversation=conversation, owner=self._owner)
            await handoff.take(
                tx, self._appender, self._jobs, conversation=conversation, staff_name=incoming.author_name
            )
            stored = await self._store(tx, incoming, conversation, role="staff")
            await self._keep_key(tx, incoming, member, message_id=stored.id, turn_id=None)
        return Received(stored.id, None, stored.cursor)

    async def _lock(self, tx: Tx, member: Member) -> Row:
        return await lock_living(tx, organization_id=member.organization_id, conversation_id=member.conversation_id)

    async def _refuse(self, tx: Tx, conversation: Row) -> None:
        if conversation["status"] == "closed":
            raise ConversationClosed
        if conversation["customer_message_count"] >= self._limits.in_all:
            raise ConversationFull(self._limits.in_all)
        await rates.count(tx, bucket=f"messages:{conversation['id']}", limit=self._limits.per_minute)

    async def _store(self, tx: Tx, incoming: Incoming, conversation: Row, *, role: str) -> "_Stored":
        message_id = uuid7()
        context = None
        if incoming.context is not None:
            context = check_context({**conversation["context"], **incoming.context})
        sequence = await tx.value(
            """with counted as (
              update conversations set last_sequence = last_sequence + 1, message_count = message_count + 1,
                customer_message_count = customer_message_count + %(from_visitor)s,
                messages_since_release = messages_since_release + %(from_visitor)s,
                last_message_at = clock_timestamp(), modified_at = now(),
                last_customer_message_at = case when %(from_visitor)s = 1 then clock_timestamp()
                  else last_customer_message_at end,
                context = coalesce(%(context)s::jsonb, context)
              where id = %(conversation_id)s returning last_sequence)
            insert into messages (id, organization_id, conversation_id, sequence, role, author_name, content)
            select %(id)s, %(organization_id)s, %(conversation_id)s, last_sequence, %(role)s, %(author_name)s,
              %(content)s from counted returning sequence""",
            {
                "id": message_id,
                "organization_id": conversation["organization_id"],
                "conversation_id": conversation["id"],
                "role": role,
                "from_visitor": 1 if role == "user" else 0,
                "author_name": incoming.author_name,
                "content": incoming.content,
                "context": Jsonb(context) if context is not None else None,
            },
        )
        created = NewEvent("message.created", subject_id=message_id)
        (place,) = await self._appender.events(tx, created, conversation_id=conversation["id"])
        return _Stored(message_id, sequence, Cursor(place.offset - 1, place.draft_length))

    async def _replay(self, tx: Tx, incoming: Incoming, member: Member, conversation: Row) -> Received | None:
        if incoming.key is None:
            return None
        row = await tx.one(
            """select request_hash, message_id, turn_id from idempotency_keys
            where caller = %(caller)s and key = %(key)s and created_at > now() - interval '24 hours'""",
            {"caller": member.caller.idempotency_caller, "key": incoming.key},
        )
        if row is None:
            return None
        if row["request_hash"] != incoming.request_hash or row["message_id"] is None:
            raise IdempotencyMismatch
        cursor = await _before(tx, conversation_id=conversation["id"], message_id=row["message_id"])
        return Received(row["message_id"], row["turn_id"], cursor, is_replay=True)

    async def _keep_key(
        self, tx: Tx, incoming: Incoming, member: Member, *, message_id: UUID, turn_id: UUID | None
    ) -> None:
        if incoming.key is None:
            return
        await tx.execute(
            """insert into idempotency_keys (caller, key, request_hash, status, message_id, turn_id, locked_until)
            values (%(caller)s, %(key)s, %(hash)s, 'done', %(message_id)s, %(turn_id)s, now())
            on conflict (caller, key) do update set request_hash = excluded.request_hash, status = 'done',
              message_id = excluded.message_id, turn_id = excluded.turn_id, created_at = now(),
              response_status = null, response_body = null, response_headers = null""",
            {
                "caller": member.caller.idempotency_caller,
                "key": incoming.key,
                "hash": incoming.request_hash,
                "message_id": message_id,
                "turn_id": turn_id,
            },
        )


class _Stored(msgspec.Struct, frozen=True):
    id: UUID
    sequence: int
    cursor: Cursor


async def silence(tx: Tx, appender: Appender, *, conversation: Row, owner: UUID, reason: str = "taken") -> None:
    """End the running turn before a person's take, a pause or the end is told: no word of the AI follows it.

    What was said stays, marked interrupted. A waiting turn is handed off too.
    """
    await end.end(
        tx, appender, conversation=conversation, status="handed_off", reason=reason, owner=owner, starts_next=False
    )
    await end.hand_off_queued(tx, appender, conversation_id=conversation["id"], reason=reason)


async def _before(tx: Tx, *, conversation_id: UUID, message_id: UUID) -> Cursor:
    row = await tx.one(
        """select "offset", draft_length from events
        where conversation_id = %(id)s and subject_id = %(message_id)s and type = 'message.created'
        order by "offset" limit 1""",
        {"id": conversation_id, "message_id": message_id},
    )
    return Cursor(row["offset"] - 1, row["draft_length"]) if row else Cursor(0)

"""A turn on the wire (API § 6)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from agentpay.conversations.render import LiveState, messages_public
from agentpay.conversations.schemas import MessagePublic
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.errors import NotFound

MESSAGE_IDS_MAX = 200


class TurnStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HANDED_OFF = "handed_off"


class TurnReason(StrEnum):
    OVER_BUDGET = "over_budget"
    MODELS_DOWN = "models_down"
    STEPS = "steps"
    TIME = "time"
    CANCELLED = "cancelled"
    TAKEN = "taken"
    PAUSED = "paused"
    CLOSED = "closed"
    ERROR = "error"


class TurnPublic(msgspec.Struct):
    """`message`: the visitor's that was posted, or the last of `message_ids`. `reply` once there is one."""

    id: UUID
    conversation_id: UUID
    status: TurnStatus
    reason: TurnReason | None
    message: MessagePublic
    message_ids: list[UUID]
    reply: MessagePublic | None
    agent_id: UUID | None
    agent_version: int | None
    created_at: datetime
    completed_at: datetime | None


async def get_turn(
    db: Database,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    turn_id: UUID,
    for_staff: bool,
    live_state: LiveState,
    message_id: UUID | None = None,
) -> TurnPublic:
    """The turn as it is now. Raises NotFound, also for another conversation's."""
    turn = await db.one(
        """select t.* from turns t join conversations c on c.id = t.conversation_id and c.deleted_at is null
        where t.id = %(id)s and t.conversation_id = %(conversation_id)s
          and t.organization_id = %(organization_id)s""",
        {"id": turn_id, "conversation_id": conversation_id, "organization_id": organization_id},
    )
    if turn is None:
        raise NotFound
    rows = await db.all(
        f"""select * from messages where conversation_id = %(conversation_id)s and deleted_at is null
          and (id = %(reply_id)s or id = %(message_id)s
            or (role = 'user' and sequence > %(after)s and sequence <= %(up_to)s))
        order by sequence limit {MESSAGE_IDS_MAX + 2}""",
        {
            "conversation_id": conversation_id,
            "reply_id": turn["reply_id"],
            "message_id": message_id,
            "after": turn["after_sequence"],
            "up_to": turn["up_to_sequence"],
        },
    )
    return await _public(db, turn, rows, for_staff=for_staff, live_state=live_state, message_id=message_id)


async def _public(
    db: Database, turn: Row, rows: list[Row], *, for_staff: bool, live_state: LiveState, message_id: UUID | None
) -> TurnPublic:
    messages = await messages_public(db, rows, for_staff=for_staff, live_state=live_state)
    reply = next((message for message in messages if message.id == turn["reply_id"]), None)
    asked = [message for message in messages if message is not reply]
    if not asked:
        raise NotFound
    message = next((message for message in asked if message.id == message_id), asked[-1])
    return TurnPublic(
        id=turn["id"],
        conversation_id=turn["conversation_id"],
        status=TurnStatus(turn["status"]),
        reason=TurnReason(turn["reason"]) if turn["reason"] else None,
        message=message,
        message_ids=[one.id for one in asked],
        reply=reply,
        agent_id=turn["agent_id"],
        agent_version=turn["agent_version"],
        created_at=turn["created_at"],
        completed_at=turn["completed_at"],
    )

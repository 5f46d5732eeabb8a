"""The fence: a running turn's right to write."""

from uuid import UUID

import msgspec

from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound

# Both rows are read as they are once their locks are had (PostgreSQL rechecks a row that it waited for): one statement
# is as good as two. The lateral query runs for the locked conversation only, so the order of locks holds.
_HOLD = """
with conversation as materialized (
  select * from conversations where id = %(conversation_id)s and organization_id = %(organization_id)s for update)
select conversation.*, turn.is_held from conversation left join lateral (
  select true as is_held from turns
  where id = %(id)s and conversation_id = conversation.id and attempt = %(attempt)s and status = 'running' for update
) turn on true
"""


class TurnLost(Exception):
    """This attempt is no longer the turn's: it was taken over, cancelled, taken by a person, or ended. Stop."""


class RunningTurn(msgspec.Struct, frozen=True):
    """A turn that this process runs, under one attempt."""

    id: UUID
    organization_id: UUID
    conversation_id: UUID
    attempt: int
    reply_id: UUID
    reply_sequence: int
    after_sequence: int
    up_to_sequence: int


async def hold(tx: Tx, turn: RunningTurn) -> Row:
    """Begin a transaction of a turn: lock its conversation, then the turn. Returns the conversation's row.

    Raises TurnLost when the attempt is not the running one any more: write nothing. NotFound where nothing is there.
    """
    conversation = await tx.one(
        _HOLD,
        {
            "id": turn.id,
            "attempt": turn.attempt,
            "conversation_id": turn.conversation_id,
            "organization_id": turn.organization_id,
        },
    )
    if conversation is None:
        raise NotFound
    if conversation.pop("is_held") is None:
        raise TurnLost
    return conversation

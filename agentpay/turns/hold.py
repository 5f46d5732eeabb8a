"""The fence: a running turn's right to write."""

from uuid import UUID

import msgspec

from agentpay.conversations.append import lock
from agentpay.db.transaction import Row, Tx


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

    Raises TurnLost when the attempt is not the running one any more: write nothing.
    """
    conversation = await lock(tx, organization_id=turn.organization_id, conversation_id=turn.conversation_id)
    held = await tx.value(
        "select 1 from turns where id = %(id)s and attempt = %(attempt)s and status = 'running' for update",
        {"id": turn.id, "attempt": turn.attempt},
    )
    if held is None:
        raise TurnLost
    return conversation

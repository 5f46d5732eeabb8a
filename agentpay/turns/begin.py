"""How a turn begins: queued behind another, or running at once. The caller has locked the conversation."""

from uuid import UUID

from agentpay.conversations.append import Appender
from agentpay.db.transaction import Row, Tx
from agentpay.kit.ids import uuid7
from agentpay.turns.hold import RunningTurn

# A turn answers what no earlier turn answers: the visitor's messages after the newest turn's last one. `after` says
# otherwise where earlier turns ended without an answer (a person had the conversation).
_AFTER = """coalesce(%(after)s::bigint,
  (select max(up_to_sequence) from turns where conversation_id = %(conversation_id)s), 0)"""
COLUMNS = "id, organization_id, conversation_id, attempt, reply_id, reply_sequence, after_sequence, up_to_sequence"


async def open_turn(
    tx: Tx, appender: Appender, *, conversation: Row, sequence: int, owner: UUID, after: int | None = None
) -> tuple[UUID, RunningTurn | None]:
    """A turn for the visitor's message at `sequence`: the id of the one that answers it, and it itself if it runs now.

    One turn runs at a time and at most one waits: a message that arrives meanwhile is answered by the waiting one.
    """
    if await _is_running(tx, conversation["id"]):
        return await _queue(tx, conversation=conversation, sequence=sequence), None
    turn = await tx.one(
        f"""with counted as (
          update conversations set last_sequence = last_sequence + 1
          where id = %(conversation_id)s returning last_sequence)
        insert into turns (id, organization_id, conversation_id, status, after_sequence, up_to_sequence, reply_id,
          attempt, owner, started_at, reply_sequence)
        select %(id)s, %(organization_id)s, %(conversation_id)s, 'running', {_AFTER}, %(sequence)s, %(reply_id)s,
          1, %(owner)s, clock_timestamp(), last_sequence from counted
        returning {COLUMNS}""",
        _row(conversation, sequence) | {"after": after, "owner": owner},
        row=RunningTurn,
    )
    assert turn is not None, "the conversation is locked: it is there"
    await tell_started(tx, appender, turn=turn)
    return turn.id, turn


async def refuse_turn(tx: Tx, appender: Appender, *, conversation: Row, sequence: int, reason: str) -> UUID:
    """A turn that ends as it begins: the message is stored, a person or nobody answers it."""
    turn_id = await tx.value(
        """insert into turns (id, organization_id, conversation_id, status, reason, after_sequence, up_to_sequence,
          reply_id, completed_at)
        values (%(id)s, %(organization_id)s, %(conversation_id)s, 'handed_off', %(reason)s, %(before)s, %(sequence)s,
          %(reply_id)s, clock_timestamp()) returning id""",
        _row(conversation, sequence) | {"reason": reason, "before": sequence - 1},
    )
    await appender.event(
        tx,
        conversation_id=conversation["id"],
        type="turn.completed",
        data={"turn_id": str(turn_id), "status": "handed_off", "reason": reason},
    )
    return UUID(str(turn_id))


async def start(tx: Tx, appender: Appender, *, turn_id: UUID, owner: UUID) -> RunningTurn:
    """Make a queued turn the running one: its reply's sequence is taken now, its draft opened, `turn.started` told."""
    turn = await tx.one(
        f"""with counted as (
          update conversations set last_sequence = last_sequence + 1
          where id = (select conversation_id from turns where id = %(id)s) returning last_sequence)
        update turns set status = 'running', attempt = 1, owner = %(owner)s, started_at = clock_timestamp(),
          reply_sequence = counted.last_sequence
        from counted where id = %(id)s and status = 'queued' returning {COLUMNS}""",
        {"id": turn_id, "owner": owner},
        row=RunningTurn,
    )
    assert turn is not None, "the conversation is locked: nobody else starts its turns"
    await tell_started(tx, appender, turn=turn)
    return turn


async def tell_started(tx: Tx, appender: Appender, *, turn: RunningTurn) -> None:
    """`turn.started`, and an empty draft of this attempt behind it: a takeover drops the old one's words."""
    if turn.attempt > 1:
        await tx.execute("delete from drafts where turn_id = %(id)s", {"id": turn.id})
    offset = await appender.event(
        tx,
        conversation_id=turn.conversation_id,
        type="turn.started",
        data={"turn_id": str(turn.id), "message_id": str(turn.reply_id)},
    )
    await tx.execute(
        """insert into drafts (turn_id, conversation_id, attempt, started_offset, last_offset)
        values (%(id)s, %(conversation_id)s, %(attempt)s, %(offset)s, %(offset)s)""",
        {"id": turn.id, "conversation_id": turn.conversation_id, "attempt": turn.attempt, "offset": offset},
    )


async def _is_running(tx: Tx, conversation_id: UUID) -> bool:
    running = await tx.value(
        "select 1 from turns where conversation_id = %(id)s and status = 'running'", {"id": conversation_id}
    )
    return running is not None


async def _queue(tx: Tx, *, conversation: Row, sequence: int) -> UUID:
    queued = await tx.value(
        """update turns set up_to_sequence = %(sequence)s
        where conversation_id = %(id)s and status = 'queued' returning id""",
        {"id": conversation["id"], "sequence": sequence},
    )
    return queued or await _insert(tx, conversation=conversation, sequence=sequence)


async def _insert(tx: Tx, *, conversation: Row, sequence: int) -> UUID:
    turn_id: UUID = await tx.value(
        f"""insert into turns (id, organization_id, conversation_id, status, after_sequence, up_to_sequence, reply_id)
        values (%(id)s, %(organization_id)s, %(conversation_id)s, 'queued', {_AFTER}, %(sequence)s, %(reply_id)s)
        returning id""",
        _row(conversation, sequence) | {"after": None},
    )
    return turn_id


def _row(conversation: Row, sequence: int) -> Row:
    return {
        "id": uuid7(),
        "organization_id": conversation["organization_id"],
        "conversation_id": conversation["id"],
        "sequence": sequence,
        "reply_id": uuid7(),
    }

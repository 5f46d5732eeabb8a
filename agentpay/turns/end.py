"""How a turn ends: one function, whoever asks for it. `where status = 'running'` decides every race.

The same transaction closes the draft and stores its text (what was shown is what is stored), tells, and starts the
waiting turn.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from agentpay.conversations.append import Appender, NewEvent
from agentpay.db.transaction import Row, Tx
from agentpay.turns.begin import start
from agentpay.turns.hold import RunningTurn

EndStatus = Literal["completed", "failed", "cancelled", "handed_off"]

# The conversation is locked: no turn begins to wait, and no draft is opened, while this runs.
_END = """
with ended as (
  update turns set status = %(status)s, reason = %(reason)s, completed_at = clock_timestamp()
  where conversation_id = %(conversation_id)s and status = 'running'
    and (%(turn_id)s::uuid is null or id = %(turn_id)s)
    and (%(attempt)s::int is null or attempt = %(attempt)s)
  returning *),
closed as (delete from drafts using ended where drafts.turn_id = ended.id returning content)
select ended.*, (select content from closed) as draft,
  (select id from turns where conversation_id = %(conversation_id)s and status = 'queued') as waiting_id
from ended
"""

# What a waiting turn becomes when its conversation does not answer any more.
_REASONS = {"escalated": "taken", "paused": "paused", "closed": "closed"}


class FinalReply(msgspec.Struct, frozen=True):
    """What the runner knows about its reply beyond the draft. `tail`: words that were not flushed yet."""

    tail: str = ""
    action: str | None = None
    tool_calls: Sequence[dict[str, Any]] = ()
    attachments: Sequence[dict[str, Any]] = ()
    author_name: str | None = None
    response_time_ms: int | None = None
    llm_provider: str | None = None
    llm_model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    agent_state: dict[str, Any] | None = None


async def end(
    tx: Tx,
    appender: Appender,
    *,
    conversation: Row,
    status: EndStatus,
    reason: str | None,
    owner: UUID,
    turn_id: UUID | None = None,
    attempt: int | None = None,
    reply: FinalReply | None = None,
    starts_next: bool = True,
) -> tuple[bool, RunningTurn | None]:
    """End the conversation's running turn (or only `turn_id`, or only under `attempt`).

    `conversation` is its locked row, as it is now in this transaction. Returns whether a turn was ended, and the
    waiting turn if it runs now: the caller starts it (by `owner`, its process) after the commit.
    """
    turn = await tx.one(
        _END,
        {
            "status": status,
            "reason": reason,
            "conversation_id": conversation["id"],
            "turn_id": turn_id,
            "attempt": attempt,
        },
    )
    if turn is None:
        return False, None
    completed = _completed(turn["id"], status=status, reason=reason)
    told = [completed]
    if await _store_reply(tx, turn=turn, reply=reply or FinalReply(), interrupted=status != "completed"):
        told.insert(0, NewEvent("message.completed", subject_id=turn["reply_id"]))
    await appender.events(tx, *told, conversation_id=conversation["id"])
    if not starts_next or turn["waiting_id"] is None:
        return True, None
    return True, await _next(tx, appender, conversation=conversation, waiting_id=turn["waiting_id"], owner=owner)


async def hand_off_queued(tx: Tx, appender: Appender, *, conversation_id: UUID, reason: str) -> None:
    """End the waiting turn, if any: its messages are stored, the AI does not answer them."""
    turn_id = await tx.value(
        """update turns set status = 'handed_off', reason = %(reason)s, completed_at = clock_timestamp()
        where conversation_id = %(id)s and status = 'queued' returning id""",
        {"id": conversation_id, "reason": reason},
    )
    if turn_id is not None:
        told = _completed(turn_id, status="handed_off", reason=reason)
        await appender.events(tx, told, conversation_id=conversation_id)


async def cancel_queued(tx: Tx, appender: Appender, *, conversation_id: UUID, turn_id: UUID) -> None:
    """End this waiting turn; anything else is left as it is."""
    cancelled = await tx.execute(
        """update turns set status = 'cancelled', reason = 'cancelled', completed_at = clock_timestamp()
        where id = %(turn_id)s and conversation_id = %(id)s and status = 'queued'""",
        {"id": conversation_id, "turn_id": turn_id},
    )
    if cancelled:
        told = _completed(turn_id, status="cancelled", reason="cancelled")
        await appender.events(tx, told, conversation_id=conversation_id)


async def _store_reply(tx: Tx, *, turn: Row, reply: FinalReply, interrupted: bool) -> bool:
    """Whether there was anything to store."""
    content = (turn["draft"] or "") + reply.tail
    if not content and not reply.attachments:
        return False
    await tx.execute(
        """with stored as (
          insert into messages (id, organization_id, conversation_id, sequence, turn_id, role, author_name, content,
            interrupted, action, tool_calls, attachments, response_time_ms, llm_provider, llm_model, llm_tokens)
          values (%(id)s, %(organization_id)s, %(conversation_id)s, %(sequence)s, %(turn_id)s, 'agent', %(author_name)s,
            %(content)s, %(interrupted)s, %(action)s, %(tool_calls)s, %(attachments)s, %(response_time_ms)s,
            %(llm_provider)s, %(llm_model)s, %(llm_tokens)s)),
        spent as (
          update turns set input_tokens = %(input_tokens)s, output_tokens = %(output_tokens)s, cost = %(cost)s
          where id = %(turn_id)s and %(input_tokens)s + %(output_tokens)s + %(cost)s > 0)
        update conversations set message_count = message_count + 1, agent_message_count = agent_message_count + 1,
          last_message_at = clock_timestamp(), modified_at = now(),
          agent_state = coalesce(%(agent_state)s::jsonb, agent_state)
        where id = %(conversation_id)s""",
        {
            "id": turn["reply_id"],
            "organization_id": turn["organization_id"],
            "conversation_id": turn["conversation_id"],
            "sequence": turn["reply_sequence"],
            "turn_id": turn["id"],
            "author_name": reply.author_name,
            "content": content,
            "interrupted": interrupted,
            "action": reply.action,
            "tool_calls": Jsonb(list(reply.tool_calls)),
            "attachments": Jsonb(list(reply.attachments)),
            "response_time_ms": reply.response_time_ms,
            "llm_provider": reply.llm_provider,
            "llm_model": reply.llm_model,
            "llm_tokens": reply.input_tokens + reply.output_tokens if reply.llm_provider else None,
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "cost": reply.cost,
            "agent_state": Jsonb(reply.agent_state) if reply.agent_state is not None else None,
        },
    )
    return True


async def _next(tx: Tx, appender: Appender, *, conversation: Row, waiting_id: UUID, owner: UUID) -> RunningTurn | None:
    """Start the waiting turn, or end it where nobody answers now."""
    status = await tx.value("select status from conversations where id = %(id)s", {"id": conversation["id"]})
    if status == "active":
        return await start(tx, appender, turn_id=waiting_id, owner=owner)
    await hand_off_queued(tx, appender, conversation_id=conversation["id"], reason=_REASONS[status])
    return None


def _completed(turn_id: UUID, *, status: str, reason: str | None) -> NewEvent:
    return NewEvent("turn.completed", {"turn_id": str(turn_id), "status": status, "reason": reason})

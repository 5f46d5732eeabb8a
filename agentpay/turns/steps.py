"""A question and its reply, as they are stored: what a takeover goes on behind, and what a replay compares with."""

import msgspec
from psycopg.types.json import Jsonb

from agentpay.db.transaction import Tx
from agentpay.llm.types import Reply, Request
from agentpay.turns.hold import RunningTurn
from agentpay.turns.prepared import digest


class StepRecord(msgspec.Struct, frozen=True):
    """Step numbers begin at 1."""

    turn: RunningTurn
    step: int
    asked: Request
    reply: Reply


async def store(tx: Tx, record: StepRecord) -> None:
    """In a transaction that holds the turn; a later attempt's step takes the place of an earlier one's."""
    await tx.execute(
        """insert into turn_steps (turn_id, step, attempt, brief, reply)
        values (%(turn_id)s, %(step)s, %(attempt)s, %(brief)s, %(reply)s)
        on conflict (turn_id, step) do update set attempt = excluded.attempt, brief = excluded.brief,
          reply = excluded.reply""",
        {
            "turn_id": record.turn.id,
            "step": record.step,
            "attempt": record.turn.attempt,
            "brief": Jsonb({"question": digest(record.asked)}),
            "reply": Jsonb(msgspec.to_builtins(record.reply)),
        },
    )

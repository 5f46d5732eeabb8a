"""A person is asked for by rule where the AI failed a visitor again and again (API § 5: visitor, agent or rule).

The AI goes on and the widget shows that somebody was asked. A merchant whose agent has no handoff gets none from here.
"""

from collections.abc import Mapping
from typing import Any, Final

from agentpay.conversations import handoff
from agentpay.conversations.append import Appender
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.turns.hold import RunningTurn

FAILED_TURNS_MAX: Final = 2
# After the second miss the agent offers a person; who does not take the offer and is not helped either gets one asked.
MISSES_MAX: Final = 4

FAILED: Final = "The assistant failed more than once."
MISSED: Final = "The assistant could not answer several times in a row."

_FAILED_BEFORE = f"""
select count(*) from (
  select status from turns where conversation_id = %(id)s and id <> %(turn_id)s and completed_at is not null
  order by completed_at desc limit {FAILED_TURNS_MAX - 1}) ended
where status = 'failed'
"""


async def after_failures(
    tx: Tx,
    appender: Appender,
    jobs: Jobs,
    *,
    conversation: Row,
    turn: RunningTurn,
    status: str,
    agent_state: Mapping[str, Any] | None,
) -> bool:
    """Ask for a person where this turn's end, in `tx`, was a failure too many. Returns whether one was asked now.

    `conversation` is locked. Failures of ours are turns that `failed`; failures to help are misses in a row.
    """
    reason = None
    if status == "failed" and await tx.value(_FAILED_BEFORE, _ids(turn)) >= FAILED_TURNS_MAX - 1:
        reason = FAILED
    elif agent_state is not None and int(agent_state.get("misses", 0)) >= MISSES_MAX:
        reason = MISSED
    if reason is None or conversation["status"] == "closed" or not await _hands_off(tx, conversation):
        return False
    return await handoff.request(tx, appender, jobs, conversation=conversation, asked_by="rule", reason=reason)


async def _hands_off(tx: Tx, conversation: Row) -> bool:
    """Whether the conversation's agent may ask for people."""
    switch = await tx.value(
        """select coalesce((tools ->> 'human_handoff')::boolean, true) from agents
        where id = %(agent_id)s and organization_id = %(organization_id)s""",
        {"agent_id": conversation["agent_id"], "organization_id": conversation["organization_id"]},
    )
    return switch is not False


def _ids(turn: RunningTurn) -> dict[str, Any]:
    return {"id": turn.conversation_id, "turn_id": turn.id}

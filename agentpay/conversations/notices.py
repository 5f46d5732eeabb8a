"""Which messages the merchant's server hears of (API § 8): of channels other than web, and of escalated conversations.

What is told in the stream is told to `notify_url`: a visitor's, a person's and our own message when it is created, the
agent's when it is complete. The conversation's row, as the event's own statement leaves it, decides.
"""

from typing import Final
from uuid import UUID

import msgspec

from agentpay.conversations.render import message_public
from agentpay.db.transaction import Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.organizations.notify import notify

TYPES: Final = frozenset({"message.created", "message.completed"})
IS_NOTICED: Final = "((channel <> 'web' or status = 'escalated') and erased_at is null)"
"""SQL over `conversations`. Who only asked for a person is not escalated: the AI goes on (API § 5)."""

_FIND = """
select m.* from messages m
join organizations o on o.id = m.organization_id and o.notify_url is not null and o.deleted_at is null
where m.id = %(id)s
"""


async def tell(tx: Tx, jobs: Jobs, *, type: str, message_id: UUID) -> None:
    """Tell the merchant the message as its staff sees it, once `tx` has committed; nothing without a `notify_url`."""
    row = await tx.one(_FIND, {"id": message_id})
    if row is None:
        return
    await notify(
        tx,
        jobs,
        organization_id=row["organization_id"],
        conversation_id=row["conversation_id"],
        type=type,
        data=msgspec.to_builtins(message_public(row, for_staff=True)),
    )

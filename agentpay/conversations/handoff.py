"""A person is asked for, takes over, gives it back (API § 5). A handoff is a row, not a flag.

The caller has locked the conversation; ending a running turn and starting the next one is `turns`' deed.
"""

from typing import Any

from agentpay.conversations.append import Appender
from agentpay.conversations.errors import ConversationClosed, HandoffTaken
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.errors import Conflict
from agentpay.kit.ids import uuid7
from agentpay.organizations.notify import notify


async def request(
    tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, asked_by: str, reason: str | None
) -> bool:
    """Ask for a person; the AI goes on and says so. False when one was asked for already."""
    _refuse_closed(conversation)
    inserted = await tx.execute(
        """insert into handoffs (id, organization_id, conversation_id, asked_by, reason)
        values (%(id)s, %(organization_id)s, %(conversation_id)s, %(asked_by)s, %(reason)s)
        on conflict (conversation_id) where released_at is null do nothing""",
        _ids(conversation) | {"id": uuid7(), "asked_by": asked_by, "reason": reason},
    )
    if inserted:
        await _tell(tx, appender, jobs, conversation=conversation, type="handoff.asked", reason=reason)
    return bool(inserted)


async def take(
    tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, staff_name: str | None, reason: str | None = None
) -> bool:
    """A person takes over: the conversation is escalated, the AI silent. Again by the same name: nothing changes.

    Returns whether it was taken now. Raises HandoffTaken when somebody else has it, ConversationClosed.
    """
    _refuse_closed(conversation)
    open_one = await _open(tx, conversation)
    if open_one is not None and open_one["taken_at"] is not None:
        if staff_name is not None and open_one["staff_name"] not in (None, staff_name):
            raise HandoffTaken
        return False
    if open_one is None:
        await tx.execute(
            """insert into handoffs (id, organization_id, conversation_id, asked_by, reason, staff_name, taken_at)
            values (%(id)s, %(organization_id)s, %(conversation_id)s, 'staff', %(reason)s, %(staff_name)s,
              clock_timestamp())""",
            _ids(conversation) | {"id": uuid7(), "reason": reason, "staff_name": staff_name},
        )
    else:
        await tx.execute(
            "update handoffs set taken_at = clock_timestamp(), staff_name = %(staff_name)s where id = %(id)s",
            {"id": open_one["id"], "staff_name": staff_name},
        )
    await _set_status(tx, conversation, "escalated")
    await _tell(tx, appender, jobs, conversation=conversation, type="handoff.taken", staff_name=staff_name)
    return True


async def release(tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row) -> None:
    """Give the conversation back to the AI; an open request is settled with it. Raises Conflict with nothing open."""
    _refuse_closed(conversation)
    open_one = await _open(tx, conversation)
    if open_one is None and conversation["status"] != "escalated":
        raise Conflict("No handoff is open in this conversation.")
    await tx.execute(
        "update handoffs set released_at = clock_timestamp()"
        " where conversation_id = %(conversation_id)s and released_at is null",
        _ids(conversation),
    )
    await tx.execute(
        "update conversations set messages_since_release = 0 where id = %(conversation_id)s", _ids(conversation)
    )
    if conversation["status"] == "escalated":
        await _set_status(tx, conversation, "active")
    await _tell(tx, appender, jobs, conversation=conversation, type="handoff.released")


async def is_asked(tx: Tx, *, conversation: Row) -> bool:
    """Whether a handoff is open, asked or taken."""
    return await _open(tx, conversation) is not None


async def _open(tx: Tx, conversation: Row) -> Row | None:
    return await tx.one(
        "select * from handoffs where conversation_id = %(conversation_id)s and released_at is null for update",
        _ids(conversation),
    )


async def _set_status(tx: Tx, conversation: Row, status: str) -> None:
    await tx.execute(
        "update conversations set status = %(status)s, modified_at = now() where id = %(conversation_id)s",
        _ids(conversation) | {"status": status},
    )


async def _tell(tx: Tx, appender: Appender, jobs: Jobs, *, conversation: Row, type: str, **facts: str | None) -> None:
    ids = {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}
    await appender.conversation_updated(tx, **ids)
    data: dict[str, Any] = {"conversation_id": str(conversation["id"]), **facts}
    await notify(tx, jobs, type=type, data=data, **ids)


def _ids(conversation: Row) -> dict[str, Any]:
    return {"organization_id": conversation["organization_id"], "conversation_id": conversation["id"]}


def _refuse_closed(conversation: Row) -> None:
    if conversation["status"] == "closed":
        raise ConversationClosed

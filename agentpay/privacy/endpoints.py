"""Erase and export (API § 5): the visitor's own, or the merchant's on the visitor's behalf."""

from typing import Any
from uuid import UUID

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.kit.caller import Member
from agentpay.privacy.erase import erase
from agentpay.privacy.export import export
from agentpay.turns.runner import Runner

TAGS = ["conversations"]
ONE = "/v1/agent/conversations/{conversation_id:uuid}"


@delete(ONE, status_code=204, operation_id="erase_conversation", tags=TAGS)
async def erase_conversation(
    conversation_id: FromPath[UUID],
    member: NamedDependency[Member],
    db: NamedDependency[Database],
    appender: NamedDependency[Appender],
    runner: NamedDependency[Runner],
) -> None:
    """Erase the person: texts, context, identity. Its token ends; amounts and ids of what was bought stay."""
    await erase(
        db,
        appender,
        organization_id=member.organization_id,
        conversation_id=conversation_id,
        owner=runner.process_id,
    )


@get(f"{ONE}/export", status_code=200, operation_id="export_conversation", tags=TAGS)
async def export_conversation(
    conversation_id: FromPath[UUID], member: NamedDependency[Member], db: NamedDependency[Database]
) -> dict[str, Any]:
    """Everything held about the person, as one JSON document."""
    return await export(db, organization_id=member.organization_id, conversation_id=conversation_id)


HANDLERS = [erase_conversation, export_conversation]

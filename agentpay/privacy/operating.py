"""Whose conversation it is, for an operator who was given nothing but its id."""

from uuid import UUID

from agentpay.db.engine import Database
from agentpay.kit.errors import NotFound


async def get_organization_id(db: Database, *, conversation_id: UUID) -> UUID:
    """The organization of any conversation, an erased one too. Raises NotFound."""
    found: UUID | None = await db.value(
        "select organization_id from conversations where id = %(id)s", {"id": conversation_id}
    )
    if found is None:
        raise NotFound
    return found

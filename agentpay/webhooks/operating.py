"""Deliveries as the operator sees them: of every organization. Merchants' own view is in `repository.py`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from agentpay.db.engine import Database
from agentpay.db.transaction import Row

LIST_MAX: Final = 1_000


async def list_all(db: Database, *, organization_id: UUID | None, status: str | None, limit: int) -> list[Row]:
    """Newest first, at most `LIST_MAX`, without bodies."""
    return await db.all(
        """select d.id, d.organization_id, o.name as organization_name, d.webhook_id, d.type, d.status, d.attempt,
          d.error, d.sent_at, d.received_at, d.applied_at
        from deliveries d join organizations o on o.id = d.organization_id
        where (%(organization_id)s::uuid is null or d.organization_id = %(organization_id)s)
          and (%(status)s::text is null or d.status = %(status)s)
        order by d.id desc limit %(limit)s""",
        {"organization_id": organization_id, "status": status, "limit": min(limit, LIST_MAX)},
    )


async def retry_any(db: Database, *, delivery_ids: Sequence[UUID] | None) -> list[UUID]:
    """Give deliveries (None = all parked ones) their tries back; returns which. Those without a body stay."""
    rows = await db.all(
        """update deliveries set status = 'received', attempt = 0, next_try_at = clock_timestamp(), lease_until = null
        where body is not null
          and case when %(ids)s::uuid[] is null then status = 'parked' else id = any(%(ids)s) end
        returning id""",
        {"ids": None if delivery_ids is None else list(delivery_ids)},
    )
    return [row["id"] for row in rows]

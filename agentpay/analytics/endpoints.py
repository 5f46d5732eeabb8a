"""`GET /v1/analytics/funnel` (API § 8). Secret key only."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from agentpay.analytics import funnel
from agentpay.db.engine import Database
from agentpay.kit.caller import Merchant


@get("/v1/analytics/funnel", status_code=200, operation_id="read_funnel", tags=["analytics"])
async def read_funnel(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    since: Annotated[datetime | None, QueryParameter(name="from")] = None,
    to: FromQuery[datetime | None] = None,
    agent_id: FromQuery[UUID | None] = None,
) -> funnel.FunnelPublic:
    """How far the conversations that began in the period came, and what they earned, per currency."""
    return await funnel.read(
        db, organization_id=merchant.organization_id, since=_aware(since), until=_aware(to), agent_id=agent_id
    )


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone means UTC, as at Polar."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


HANDLERS = [read_funnel]

"""`GET /v1/analytics/funnel` (API § 8). Secret key only."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from agentpay.analytics import funnel
from agentpay.db.engine import Database
from agentpay.kit import wire
from agentpay.kit.caller import Merchant


@get("/v1/analytics/funnel", status_code=200, operation_id="read_funnel", tags=["analytics"])
async def read_funnel(
    merchant: NamedDependency[Merchant],
    db: NamedDependency[Database],
    since: Annotated[str | None, QueryParameter(name="from", format="date-time")] = None,
    to: Annotated[str | None, QueryParameter(format="date-time")] = None,
    agent_id: FromQuery[UUID | None] = None,
) -> funnel.FunnelPublic:
    """How far the conversations that began in the period came, and what they earned, per currency."""
    return await funnel.read(
        db,
        organization_id=merchant.organization_id,
        since=wire.moment(since, name="from"),
        until=wire.moment(to, name="to"),
        agent_id=agent_id,
    )


HANDLERS = [read_funnel]

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
from agentpay.kit.errors import Invalid


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
        since=_moment(since, name="from"),
        until=_moment(to, name="to"),
        agent_id=agent_id,
    )


def _moment(text: str | None, *, name: str) -> datetime | None:
    """A date alone is its first moment, a time without a zone means UTC, as at Polar. Raises `Invalid` at `name`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.at(("query", name), "Expected a date or an RFC 3339 time.", kind="datetime_parsing") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


HANDLERS = [read_funnel]

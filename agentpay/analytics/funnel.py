"""The funnel of the conversations that began in a period (API § 8)."""

from datetime import datetime
from uuid import UUID

import msgspec

from agentpay.db.engine import Database


class CurrencyFigures(msgspec.Struct):
    """Minor units. `revenue`: net of discount and tax, as Polar reports it; `refunds`: net refunded since."""

    currency: str
    orders: int
    revenue: int
    discount: int
    refunds: int


class FunnelPublic(msgspec.Struct, rename={"from_": "from"}):
    """Conversations that got at least so far. `model_cost` in micro-USD."""

    from_: datetime | None
    to: datetime | None
    agent_id: UUID | None
    opened: int
    engaged: int
    product_shown: int
    offer_made: int
    checkout_created: int
    paid: int
    model_cost: int
    currencies: list[CurrencyFigures]


_OF = """
select id from conversations where organization_id = %(organization_id)s
  and (%(from)s::timestamptz is null or created_at >= %(from)s) and (%(to)s::timestamptz is null or created_at < %(to)s)
  and (%(agent_id)s::uuid is null or agent_id = %(agent_id)s)
"""
_COUNTS = f"""
with chosen as ({_OF})
select count(*) as opened,
  count(*) filter (where c.customer_message_count > 0) as engaged,
  count(*) filter (where c.product_shown_at is not null) as product_shown,
  count(*) filter (where exists (select from offers o where o.conversation_id = c.id)) as offer_made,
  count(*) filter (where exists (
    select from checkouts k where k.conversation_id = c.id and k.polar_checkout_id is not null)) as checkout_created,
  count(*) filter (where exists (
    select from orders r where r.conversation_id = c.id and r.is_sale and r.is_paid)) as paid,
  coalesce((select sum(cost) from turns t where t.conversation_id in (select id from chosen)), 0)::bigint as model_cost
from conversations c where c.id in (select id from chosen)
"""
_FIGURES = f"""
select currency, count(*) as orders, sum(net_amount)::bigint as revenue, sum(discount_amount)::bigint as discount,
  sum(refunded_amount)::bigint as refunds
from orders where organization_id = %(organization_id)s and is_sale and is_paid and conversation_id in ({_OF})
group by currency order by currency
"""


async def read(
    db: Database, *, organization_id: UUID, since: datetime | None, until: datetime | None, agent_id: UUID | None
) -> FunnelPublic:
    """One row of counts and one row a currency; `until` is exclusive."""
    params = {"organization_id": organization_id, "from": since, "to": until, "agent_id": agent_id}
    counts = await db.one(_COUNTS, params) or {}
    figures = await db.all(_FIGURES, params)
    return FunnelPublic(
        from_=since,
        to=until,
        agent_id=agent_id,
        currencies=[msgspec.convert(row, CurrencyFigures) for row in figures],
        **counts,
    )

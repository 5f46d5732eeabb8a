"""Finding offers. What serves a caller takes `organization_id`; not theirs = not found."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.errors import NotFound

HISTORY_DAYS = 30
HISTORY_ROWS_MAX = 200

_FIND = "select * from offers where id = %(offer_id)s and organization_id = %(organization_id)s and deleted_at is null"
_LIST = """
select * from offers
where organization_id = %(organization_id)s and deleted_at is null
  and (%(status)s::text is null or status = %(status)s)
  and (%(conversation_id)s::uuid is null or conversation_id = %(conversation_id)s)
  and (%(before)s::uuid is null or id < %(before)s)
order by id desc limit %(limit)s
"""
# Oldest first: rows are made under the conversation's lock, by the clock of that moment.
_HISTORY = """
select id, conversation_id, price_id, currency, amount, status, opened_at, expires_at > clock_timestamp() as is_in_time
from offers
where organization_id = %(organization_id)s and product_id = %(product_id)s
  and (conversation_id = %(conversation_id)s
    or (visitor_key = any(%(visitor_keys)s) and created_at > now() - make_interval(days => %(days)s)))
order by created_at desc limit %(limit)s
"""
# Checkouts and orders stand above this package: only looked at, and only here. D6: while a payment is being settled
# there is no second offer, even if it never ends.
_CIRCUMSTANCES = """
select
  (select count(*) from offers where conversation_id = %(conversation_id)s)::int as offers_made,
  (select count(*) from offers
    where organization_id = %(organization_id)s and status in ('pending_approval', 'open', 'accepted')
      and (visitor_key = any(%(visitor_keys)s) or address = %(address)s)
      and expires_at > clock_timestamp()
      and not (conversation_id = %(conversation_id)s and product_id = %(product_id)s))::int as standing,
  exists (select 1 from negotiation_freezes
    where organization_id = %(organization_id)s and product_id = %(product_id)s
      and visitor_key = any(%(visitor_keys)s)) as is_frozen,
  exists (select 1 from checkouts
    where organization_id = %(organization_id)s and product_id = %(product_id)s
      and visitor_key = any(%(visitor_keys)s) and status = 'confirmed') as is_paying,
  exists (select 1 from orders o left join conversations c on c.id = o.conversation_id
    where o.organization_id = %(organization_id)s and o.is_paid
      and (o.customer_id = %(customer_id)s or c.external_customer_id = %(external_customer_id)s)) as has_bought
"""
_INSERT = """
insert into offers (id, created_at, organization_id, conversation_id, agent_id, agent_version, effect_key, visitor_key,
  address, product_id, price_id, quantity, currency, list_amount, floor_amount, amount, reasons, status, opened_at,
  expires_at, discount_type, basis_points, discount_token)
values (%(id)s, clock_timestamp(), %(organization_id)s, %(conversation_id)s, %(agent_id)s, %(agent_version)s,
  %(effect_key)s, %(visitor_key)s, %(address)s, %(product_id)s, %(price_id)s, 1, %(currency)s, %(list_amount)s,
  %(floor_amount)s, %(amount)s, %(reasons)s, %(status)s,
  case when %(status)s = 'open' then clock_timestamp() end,
  clock_timestamp() + make_interval(mins => %(valid_minutes)s), %(discount_type)s, %(basis_points)s, %(discount_token)s)
returning *
"""
# Newest last; the oldest entries make room.
_NOTE = """
update conversations set modified_at = now(), negotiation_history = (
  case when jsonb_array_length(negotiation_history) >= %(entries_max)s then negotiation_history - 0
  else negotiation_history end) || jsonb_build_array(%(entry)s::jsonb || jsonb_build_object(
    'at', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
where id = %(conversation_id)s and organization_id = %(organization_id)s
"""
_FREEZE = """
insert into negotiation_freezes (organization_id, visitor_key, product_id, facts)
values (%(organization_id)s, %(visitor_key)s, %(product_id)s, %(facts)s) on conflict do nothing
"""


async def find_offer(source: Database | Tx, *, organization_id: UUID, offer_id: UUID) -> Row | None:
    return await source.one(_FIND, {"organization_id": organization_id, "offer_id": offer_id})


async def get_offer(source: Database | Tx, *, organization_id: UUID, offer_id: UUID) -> Row:
    """Raises NotFound."""
    offer = await find_offer(source, organization_id=organization_id, offer_id=offer_id)
    if offer is None:
        raise NotFound
    return offer


async def lock_offer(tx: Tx, *, organization_id: UUID, offer_id: UUID, conversation_id: UUID | None = None) -> Row:
    """Lock the row, after its conversation's. Raises NotFound, also for another conversation's when one is named."""
    offer = await tx.one(
        _FIND + " and (%(conversation_id)s::uuid is null or conversation_id = %(conversation_id)s) for update",
        {"organization_id": organization_id, "offer_id": offer_id, "conversation_id": conversation_id},
    )
    if offer is None:
        raise NotFound
    return offer


async def lock_of_product(tx: Tx, *, conversation_id: UUID, product_id: UUID, statuses: Sequence[str]) -> list[Row]:
    """The conversation's offers of a product in one of `statuses`, locked; the conversation is locked already."""
    return await tx.all(
        """select *, expires_at <= clock_timestamp() as is_overdue from offers
        where conversation_id = %(conversation_id)s and product_id = %(product_id)s and status = any(%(statuses)s)
        order by id for update""",
        {"conversation_id": conversation_id, "product_id": product_id, "statuses": list(statuses)},
    )


async def list_offers(
    source: Database | Tx,
    *,
    organization_id: UUID,
    status: str | None = None,
    conversation_id: UUID | None = None,
    before: UUID | None,
    limit: int,
) -> list[Row]:
    """Newest first, one more than `limit` where there are more."""
    params = {
        "organization_id": organization_id,
        "status": status,
        "conversation_id": conversation_id,
        "before": before,
        "limit": limit + 1,
    }
    return await source.all(_LIST, params)


async def lock_visitor(tx: Tx, *, organization_id: UUID, keys: Sequence[str]) -> None:
    """Of one visitor or address only one negotiation at a time looks back and counts. After the conversation's lock."""
    for key in sorted(set(keys)):
        await tx.execute(
            "select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"offers:{organization_id}:{key}"}
        )


async def list_history(
    tx: Tx, *, organization_id: UUID, conversation_id: UUID, product_id: UUID, visitor_keys: Sequence[str]
) -> list[Row]:
    """What this visitor was offered of a product, here or in the last `HISTORY_DAYS` anywhere, oldest first."""
    params = {
        "organization_id": organization_id,
        "conversation_id": conversation_id,
        "product_id": product_id,
        "visitor_keys": list(visitor_keys),
        "days": HISTORY_DAYS,
        "limit": HISTORY_ROWS_MAX,
    }
    return list(reversed(await tx.all(_HISTORY, params)))


async def get_circumstances(
    tx: Tx,
    *,
    organization_id: UUID,
    conversation_id: UUID,
    product_id: UUID,
    visitor_keys: Sequence[str],
    address: str | None,
    customer_id: UUID | None,
    external_customer_id: str | None,
) -> Row:
    """`offers_made standing is_frozen is_paying has_bought`, of this visitor and product."""
    row = await tx.one(
        _CIRCUMSTANCES,
        {
            "organization_id": organization_id,
            "conversation_id": conversation_id,
            "product_id": product_id,
            "visitor_keys": list(visitor_keys),
            "address": address,
            "customer_id": customer_id,
            "external_customer_id": external_customer_id,
        },
    )
    assert row is not None
    return row


async def insert_offer(tx: Tx, *, values: Mapping[str, Any]) -> Row:
    """`values`: the columns of `_INSERT`; its time starts now."""
    row = await tx.one(_INSERT, values)
    assert row is not None
    return row


async def find_by_effect(tx: Tx, *, effect_key: str) -> Row | None:
    """The offer that this very effect made before: a turn that was taken over performs nothing twice."""
    return await tx.one("select * from offers where effect_key = %(key)s", {"key": effect_key})


async def note(
    tx: Tx, *, organization_id: UUID, conversation_id: UUID, entry: Mapping[str, Any], entries_max: int
) -> None:
    """Add to the conversation's `negotiation_history`, which only the merchant sees."""
    params = {
        "organization_id": organization_id,
        "conversation_id": conversation_id,
        "entry": Jsonb(dict(entry)),
        "entries_max": entries_max,
    }
    await tx.execute(_NOTE, params)


async def freeze(
    tx: Tx, *, organization_id: UUID, visitor_key: str, product_id: UUID, facts: Mapping[str, Any]
) -> None:
    """Nothing more is conceded to this visitor for this product: an order came in below the bound (OFFERS.md D5)."""
    params = {
        "organization_id": organization_id,
        "visitor_key": visitor_key,
        "product_id": product_id,
        "facts": Jsonb(dict(facts)),
    }
    await tx.execute(_FREEZE, params)


async def list_tightest_budgets(db: Database, *, limit: int) -> list[Row]:
    """Organization-wide budgets of running periods that something was used of, the least left first."""
    return await db.all(
        """select b.organization_id, b.kind, b.period, b.currency,
          greatest(0, 1 - (b.reserved + b.committed)::float8 / nullif(given.amount, 0)) as left_ratio
        from budgets b join organizations o on o.id = b.organization_id and o.deleted_at is null,
          jsonb_to_recordset(o.budgets) as given(kind text, scope text, period text, currency text, amount bigint)
        where b.scope = 'organization' and b.period_start = date_trunc(b.period, now() at time zone 'utc')::date
          and given.scope = 'organization' and given.kind = b.kind and given.period = b.period
          and given.currency = b.currency and given.amount > 0
        order by left_ratio, b.organization_id limit %(limit)s""",
        {"limit": limit},
    )

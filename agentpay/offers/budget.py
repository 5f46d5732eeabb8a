"""The ledger of what was conceded or spent: reserved before, committed once it happened, released when it will not.

A budget is the merchant's limit (API § 3) for one scope and period; a counter is what was used of it in the period that
began at `period_start`, by the database's clock in UTC. Every cause holds at most one entry per scope and period, so
each call may be repeated. A released cause may still be committed: money that comes late was spent all the same.
Refunds give nothing back. Counters are locked in the order of their keys: budgets come last in the lock order.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from agentpay.db.transaction import Row, Tx

Kind = Literal["discount", "model"]
Scopes = Mapping[str, str]
"""Scope → whose: `visitor`, `conversation`, `agent`, `organization`."""

MODEL_CURRENCY = "usd"
LEDGER_DAYS = 400


class Budget(msgspec.Struct, frozen=True):
    """One limit. `amount` in minor units; of kind `model` in micro-USD."""

    kind: str
    scope: str
    period: str
    currency: str
    amount: int


def budgets_of(stored: Iterable[Any]) -> tuple[Budget, ...]:
    """From an organization's row."""
    return tuple(msgspec.convert(budget, Budget) for budget in stored)


def scopes_of(*, organization_id: UUID, conversation_id: UUID, agent_id: UUID, visitor_key: str) -> dict[str, str]:
    """Whose counters an act of this agent for this visitor uses. The ledger does not need to know who he is."""
    return {
        "organization": str(organization_id),
        "conversation": str(conversation_id),
        "agent": str(agent_id),
        "visitor": hashlib.sha256(visitor_key.encode()).hexdigest()[:32],
    }


def applicable(budgets: Iterable[Budget], *, kind: Kind, currency: str) -> tuple[Budget, ...] | None:
    """The budgets that bind; empty = nothing binds; None = nothing may be used.

    Where discount budgets exist, a currency without one gets no concession. Spending on models has one currency.
    """
    of_kind = [budget for budget in budgets if budget.kind == kind]
    if kind == "model":
        return tuple(of_kind)
    return tuple(budget for budget in of_kind if budget.currency == currency) or (None if of_kind else ())


async def lock_room(
    tx: Tx,
    *,
    organization_id: UUID,
    kind: Kind,
    currency: str,
    scopes: Scopes,
    budgets: Iterable[Budget],
    beside: Sequence[str] = (),
) -> int | None:
    """What may still be used, the least over all budgets that bind; None = nothing binds. May be negative.

    The counters stay locked until the transaction ends, so the answer stays true. What the causes in `beside` hold
    reserved counts as free: they are about to be released.
    """
    binding = applicable(budgets, kind=kind, currency=currency)
    if binding is None:
        return 0
    if not binding:
        return None
    counters = await _lock_counters(tx, organization_id, kind, _currency(kind, currency), scopes, binding, beside)
    freed = await _reserved_by(tx, organization_id, beside)
    return min(
        budget.amount - _used(counters[budget.scope, budget.period]) + freed.get((budget.scope, budget.period), 0)
        for budget in binding
    )


async def reserve(
    tx: Tx,
    *,
    organization_id: UUID,
    kind: Kind,
    cause: str,
    amount: int,
    currency: str,
    scopes: Scopes,
    budgets: Iterable[Budget],
) -> bool:
    """Set `amount` aside for `cause` in every budget that binds, or in none. False = there is not enough.

    True at once when the cause holds it already.
    """
    binding = applicable(budgets, kind=kind, currency=currency)
    if not binding:
        return binding is not None
    counters = await _lock_counters(tx, organization_id, kind, _currency(kind, currency), scopes, binding, (cause,))
    held = await tx.all(_ENTRIES, {"organization_id": organization_id, "cause": cause})
    done = {(row["scope"], row["period"]) for row in held if row["status"] != "released"}
    missing = {(budget.scope, budget.period) for budget in binding} - done
    for budget in binding:
        key = (budget.scope, budget.period)
        if key in missing and _used(counters[key]) + amount > budget.amount:
            return False
    for scope, period in sorted(missing):
        counter = counters[scope, period]
        await tx.execute(_RESERVE, counter | {"organization_id": organization_id, "cause": cause, "amount": amount})
    return True


async def commit(tx: Tx, *, organization_id: UUID, cause: str, amount: int | None = None) -> None:
    """It happened: what was reserved, or even released, is used. `amount`: what it really came to. Once per cause."""
    await _lock_of_causes(tx, organization_id, (cause,))
    await tx.execute(_COMMIT, {"organization_id": organization_id, "cause": cause, "amount": amount})


async def release(tx: Tx, *, organization_id: UUID, cause: str) -> None:
    """It will not happen: what is still reserved is free again. What was committed stays."""
    await _lock_of_causes(tx, organization_id, (cause,))
    await tx.execute(_RELEASE, {"organization_id": organization_id, "cause": cause})


async def shrink(tx: Tx, *, organization_id: UUID, cause: str, amount: int, beside: Sequence[str] = ()) -> None:
    """Less than reserved will be needed. `beside`: causes that this transaction will release too."""
    await _lock_of_causes(tx, organization_id, (cause, *beside))
    await tx.execute(_SHRINK, {"organization_id": organization_id, "cause": cause, "amount": amount})


async def purge_ledger(tx: Tx) -> int:
    """Forget periods that ended more than `LEDGER_DAYS` ago. Returns how many counters went."""
    await tx.execute(_PURGE_ENTRIES, {"days": LEDGER_DAYS})
    return await tx.execute(_PURGE_COUNTERS, {"days": LEDGER_DAYS})


async def _lock_counters(
    tx: Tx,
    organization_id: UUID,
    kind: Kind,
    currency: str,
    scopes: Scopes,
    binding: Sequence[Budget],
    causes: Sequence[str],
) -> dict[tuple[str, str], Row]:
    """The counters of this period by scope and period, made where missing, locked with those of `causes`."""
    keys = sorted({(budget.scope, budget.period) for budget in binding})
    params = {
        "organization_id": organization_id,
        "kind": kind,
        "currency": currency,
        "scopes": [scope for scope, _ in keys],
        "scope_ids": [scopes[scope] for scope, _ in keys],
        "periods": [period for _, period in keys],
        "causes": list(causes),
    }
    await tx.execute(_MAKE_COUNTERS, params)
    rows = await tx.all(_LOCK_COUNTERS, params)
    return {(row["scope"], row["period"]): row for row in rows if row.pop("is_wanted")}


async def _lock_of_causes(tx: Tx, organization_id: UUID, causes: Sequence[str]) -> None:
    await tx.all(_LOCK_OF_CAUSES, {"organization_id": organization_id, "causes": list(causes)})


async def _reserved_by(tx: Tx, organization_id: UUID, causes: Sequence[str]) -> dict[tuple[str, str], int]:
    """What these causes hold in counters of this period; what they hold in an earlier one is of no use now."""
    if not causes:
        return {}
    rows = await tx.all(_RESERVED_BY, {"organization_id": organization_id, "causes": list(causes)})
    return {(row["scope"], row["period"]): int(row["amount"]) for row in rows}


def _used(counter: Row) -> int:
    return int(counter["reserved"] + counter["committed"])


def _currency(kind: Kind, currency: str) -> str:
    return MODEL_CURRENCY if kind == "model" else currency


_WANTED = """
select s.scope, s.scope_id, s.period,
  date_trunc(s.period, now() at time zone 'utc')::date as period_start
from unnest(%(scopes)s::text[], %(scope_ids)s::text[], %(periods)s::text[]) s(scope, scope_id, period)
"""
_KEY = "kind, scope, scope_id, currency, period, period_start"
_ORDER = "b.kind, b.scope, b.scope_id, b.currency, b.period, b.period_start"
_SAME_COUNTER = """
b.organization_id = e.organization_id and b.kind = e.kind and b.scope = e.scope and b.scope_id = e.scope_id
and b.currency = e.currency and b.period = e.period and b.period_start = e.period_start
"""
_SAME_ENTRY = """
e.organization_id = old.organization_id and e.kind = old.kind and e.scope = old.scope and e.period = old.period
and e.cause = old.cause
"""

_MAKE_COUNTERS = f"""
insert into budgets (organization_id, kind, scope, scope_id, currency, period, period_start)
select %(organization_id)s, %(kind)s, w.scope, w.scope_id, %(currency)s, w.period, w.period_start
from ({_WANTED}) w order by w.scope, w.scope_id, w.period
on conflict do nothing
"""
# One statement for both kinds of key, so that two transactions take their locks in one order.
_LOCK_COUNTERS = f"""
with keys as (
  select {_KEY}, bool_or(is_wanted) as is_wanted from (
    select %(kind)s as kind, scope, scope_id, %(currency)s as currency, period, period_start, true as is_wanted
    from ({_WANTED}) w
    union all
    select {_KEY}, false from budget_entries
    where organization_id = %(organization_id)s and cause = any(%(causes)s)) k
  group by {_KEY})
select {_ORDER}, b.reserved, b.committed, k.is_wanted
from keys k join budgets b using ({_KEY})
where b.organization_id = %(organization_id)s
order by {_ORDER} for update of b
"""
_LOCK_OF_CAUSES = f"""
select 1 from budgets b join (
  select distinct {_KEY} from budget_entries
  where organization_id = %(organization_id)s and cause = any(%(causes)s)) k using ({_KEY})
where b.organization_id = %(organization_id)s
order by {_ORDER} for update of b
"""
_ENTRIES = """
select scope, period, status from budget_entries where organization_id = %(organization_id)s and cause = %(cause)s
"""
_RESERVED_BY = """
select scope, period, sum(amount) as amount from budget_entries
where organization_id = %(organization_id)s and cause = any(%(causes)s) and status = 'reserved'
  and period_start = date_trunc(period, now() at time zone 'utc')::date
group by scope, period
"""
_RESERVE = f"""
with entry as (
  insert into budget_entries (organization_id, {_KEY}, cause, amount, status)
  values (%(organization_id)s, %(kind)s, %(scope)s, %(scope_id)s, %(currency)s, %(period)s, %(period_start)s,
    %(cause)s, %(amount)s, 'reserved')
  on conflict (organization_id, kind, scope, period, cause) do update set scope_id = excluded.scope_id,
    currency = excluded.currency, period_start = excluded.period_start, amount = excluded.amount, status = 'reserved')
update budgets set reserved = reserved + %(amount)s
where organization_id = %(organization_id)s and kind = %(kind)s and scope = %(scope)s and scope_id = %(scope_id)s
  and currency = %(currency)s and period = %(period)s and period_start = %(period_start)s
"""
_COMMIT = f"""
with old as (
  select * from budget_entries
  where organization_id = %(organization_id)s and cause = %(cause)s and status in ('reserved', 'released')),
done as (
  update budget_entries e set status = 'committed', amount = coalesce(%(amount)s::bigint, e.amount)
  from old where {_SAME_ENTRY})
update budgets b set
  reserved = b.reserved - case e.status when 'reserved' then e.amount else 0 end,
  committed = b.committed + coalesce(%(amount)s::bigint, e.amount)
from old e where {_SAME_COUNTER}
"""
_RELEASE = f"""
with old as (
  select * from budget_entries
  where organization_id = %(organization_id)s and cause = %(cause)s and status = 'reserved'),
done as (update budget_entries e set status = 'released' from old where {_SAME_ENTRY})
update budgets b set reserved = b.reserved - e.amount from old e where {_SAME_COUNTER}
"""
_SHRINK = f"""
with old as (
  select * from budget_entries where organization_id = %(organization_id)s and cause = %(cause)s
    and status = 'reserved' and amount > %(amount)s),
done as (update budget_entries e set amount = %(amount)s from old where {_SAME_ENTRY})
update budgets b set reserved = b.reserved - (e.amount - %(amount)s) from old e where {_SAME_COUNTER}
"""
_PURGE_ENTRIES = """
delete from budget_entries where period_start < (now() at time zone 'utc')::date - %(days)s::int
"""
_PURGE_COUNTERS = """
delete from budgets where period_start < (now() at time zone 'utc')::date - %(days)s::int
"""

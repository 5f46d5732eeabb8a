"""The ledger: reserve, commit, release, and that no number of parallel chats spends a budget twice."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7
from agentpay.offers import budget
from agentpay.offers.budget import Budget, budgets_of, scopes_of
from tests.offers import cast

DAY = {"kind": "discount", "scope": "organization", "period": "day", "currency": "usd", "amount": 1_000}


def budgets(*changes: dict[str, Any]) -> tuple[Budget, ...]:
    return budgets_of([DAY | change for change in changes or ({},)])


class Ledger:
    """One organization's ledger with its limits, for short tests."""

    def __init__(self, db: Database, organization_id: UUID, limits: tuple[Budget, ...], kind: budget.Kind) -> None:
        self.db, self.organization_id, self.limits, self.kind = db, organization_id, limits, kind
        self.agent_id, self.conversation_id = uuid7(), uuid7()

    def scopes(self, visitor: str, conversation_id: UUID | None = None) -> dict[str, str]:
        return scopes_of(
            organization_id=self.organization_id,
            conversation_id=conversation_id or self.conversation_id,
            agent_id=self.agent_id,
            visitor_key=visitor,
        )

    async def reserve(self, cause: str, amount: int, *, visitor: str = "sam", currency: str = "usd") -> bool:
        async with self.db.transaction() as tx:
            return await budget.reserve(
                tx,
                organization_id=self.organization_id,
                kind=self.kind,
                cause=cause,
                amount=amount,
                currency=currency,
                scopes=self.scopes(visitor),
                budgets=self.limits,
            )

    async def room(self, *, visitor: str = "sam", currency: str = "usd", beside: tuple[str, ...] = ()) -> int | None:
        async with self.db.transaction() as tx:
            return await budget.lock_room(
                tx,
                organization_id=self.organization_id,
                kind=self.kind,
                currency=currency,
                scopes=self.scopes(visitor),
                budgets=self.limits,
                beside=beside,
            )

    async def commit(self, cause: str, amount: int | None = None) -> None:
        async with self.db.transaction() as tx:
            await budget.commit(tx, organization_id=self.organization_id, cause=cause, amount=amount)

    async def release(self, cause: str) -> None:
        async with self.db.transaction() as tx:
            await budget.release(tx, organization_id=self.organization_id, cause=cause)

    async def shrink(self, cause: str, amount: int) -> None:
        async with self.db.transaction() as tx:
            await budget.shrink(tx, organization_id=self.organization_id, cause=cause, amount=amount)

    async def counters(self) -> dict[tuple[str, str], tuple[int, int]]:
        rows = await self.db.all(
            "select scope, period, sum(reserved)::int as reserved, sum(committed)::int as committed from budgets"
            " where organization_id = %s group by scope, period",
            [self.organization_id],
        )
        return {(row["scope"], row["period"]): (row["reserved"], row["committed"]) for row in rows}


async def ledger(db: Database, *changes: dict[str, Any], kind: budget.Kind = "discount") -> Ledger:
    return Ledger(db, await cast.merchant(db), budgets(*changes), kind)


ORGANIZATION = ("organization", "day")


async def test_without_budgets_nothing_binds(db: Database) -> None:
    acme = Ledger(db, await cast.merchant(db), (), "discount")
    assert await acme.room() is None
    assert await acme.reserve("offer:1", 10**9)
    assert await acme.counters() == {}


async def test_a_currency_without_a_budget_gets_no_concession_where_others_have_one(db: Database) -> None:
    acme = await ledger(db, {}, {"currency": "brl"})
    assert await acme.room(currency="eur") == 0
    assert not await acme.reserve("offer:1", 1, currency="eur")
    assert await acme.room(currency="brl") == 1_000
    assert await acme.counters() == {ORGANIZATION: (0, 0)}


async def test_a_model_budget_is_no_discount_budget(db: Database) -> None:
    acme = await ledger(db, {"kind": "model"})
    assert await acme.room() is None
    spending = Ledger(db, acme.organization_id, acme.limits, "model")
    assert await spending.room() == 1_000
    assert await spending.reserve("turn:1:1:1", 900)
    await spending.commit("turn:1:1:1", 250)
    assert await spending.room() == 750


async def test_reserve_then_commit_then_nothing_comes_back(db: Database) -> None:
    acme = await ledger(db)
    assert await acme.reserve("offer:1", 600)
    assert not await acme.reserve("offer:2", 500)
    assert await acme.counters() == {ORGANIZATION: (600, 0)}
    await acme.commit("offer:1")
    await acme.commit("offer:1")
    await acme.release("offer:1")
    assert await acme.counters() == {ORGANIZATION: (0, 600)}
    assert await acme.room() == 400


async def test_what_is_released_is_free_again_once(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 600)
    await acme.release("offer:1")
    await acme.release("offer:1")
    assert await acme.counters() == {ORGANIZATION: (0, 0)}
    assert await acme.reserve("offer:2", 1_000)


async def test_money_that_comes_late_is_counted_all_the_same(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 600)
    await acme.release("offer:1")
    assert await acme.reserve("offer:2", 900)
    await acme.commit("offer:1")
    assert await acme.counters() == {ORGANIZATION: (900, 600)}
    assert await acme.room() == -500


async def test_reserving_twice_for_one_cause_counts_once(db: Database) -> None:
    acme = await ledger(db)
    assert await acme.reserve("offer:1", 600)
    assert await acme.reserve("offer:1", 600)
    assert await acme.counters() == {ORGANIZATION: (600, 0)}


async def test_a_released_cause_can_be_reserved_anew(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 600)
    await acme.release("offer:1")
    assert await acme.reserve("offer:1", 700)
    assert await acme.counters() == {ORGANIZATION: (700, 0)}


async def test_the_strictest_of_all_scopes_binds_and_none_is_half_reserved(db: Database) -> None:
    acme = await ledger(
        db,
        {"amount": 1_000},
        {"scope": "organization", "period": "month", "amount": 5_000},
        {"scope": "agent", "amount": 900},
        {"scope": "visitor", "amount": 400},
        {"scope": "conversation", "period": "month", "amount": 5_000},
    )
    assert await acme.room() == 400
    assert await acme.reserve("offer:1", 300)
    assert not await acme.reserve("offer:2", 200)
    assert await acme.room() == 100
    assert await acme.room(visitor="alex") == 400
    assert await acme.reserve("offer:3", 400, visitor="alex")
    before = await acme.counters()
    assert before["organization", "day"] == (700, 0)
    assert not await acme.reserve("offer:4", 300, visitor="kim")  # the agent's budget has 200 left
    assert await acme.counters() == before
    assert await acme.room(visitor="kim") == 200


async def test_what_is_about_to_be_replaced_counts_as_free(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 800)
    assert await acme.room() == 200
    assert await acme.room(beside=("offer:1",)) == 1_000


async def test_less_may_be_needed_than_was_reserved(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 800)
    await acme.shrink("offer:1", 300)
    await acme.shrink("offer:1", 500)
    assert await acme.counters() == {ORGANIZATION: (300, 0)}
    await acme.release("offer:1")
    assert await acme.counters() == {ORGANIZATION: (0, 0)}


async def test_a_reservation_of_yesterday_is_settled_in_yesterdays_counter(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 600)
    for table in ("budget_entries", "budgets"):
        await db.run(f"alter table {table} disable trigger all")
        await db.run(f"update {table} set period_start = period_start - 1")
        await db.run(f"alter table {table} enable trigger all")
    assert await acme.room() == 1_000
    assert await acme.room(beside=("offer:1",)) == 1_000
    await acme.commit("offer:1")
    assert await acme.room() == 1_000
    assert await acme.counters() == {ORGANIZATION: (0, 600)}


async def test_rival_shop_has_its_own_ledger(db: Database) -> None:
    acme = await ledger(db)
    rival = await ledger(db)
    await acme.reserve("offer:1", 600)
    await rival.commit("offer:1")
    await rival.release("offer:1")
    assert await acme.counters() == {ORGANIZATION: (600, 0)}
    assert await rival.room() == 1_000


@pytest.mark.parametrize("amount", [100, 170])
async def test_many_chats_at_once_never_spend_more_than_there_is(db: Database, amount: int) -> None:
    acme = await ledger(db, {"amount": 1_000}, {"scope": "visitor", "amount": 300}, {"scope": "agent", "amount": 900})
    results = await asyncio.gather(
        *(acme.reserve(f"offer:{n}", amount, visitor=f"visitor {n % 7}") for n in range(40)),
    )
    granted = sum(results) * amount
    assert granted <= 900
    assert granted > 900 - amount
    assert (await acme.counters())["organization", "day"] == (granted, 0)
    assert (await acme.counters())["agent", "day"] == (granted, 0)


async def test_commits_and_releases_at_once_leave_exact_sums(db: Database) -> None:
    acme = await ledger(db, {"amount": 10**6}, {"scope": "visitor", "amount": 10**6, "period": "month"})
    causes = [f"offer:{n}" for n in range(20)]
    await asyncio.gather(*(acme.reserve(cause, 10, visitor=cause) for cause in causes))
    await asyncio.gather(
        *(acme.commit(cause) for cause in causes[:10] * 2),
        *(acme.release(cause) for cause in causes[5:] * 2),
    )
    counters = await acme.counters()
    for reserved, committed in counters.values():
        assert (reserved, committed) == (0, 100)


async def test_the_ledger_forgets_after_a_year_and_more(db: Database) -> None:
    acme = await ledger(db)
    await acme.reserve("offer:1", 600)
    async with db.transaction() as tx:
        assert await budget.purge_ledger(tx) == 0
    for table in ("budget_entries", "budgets"):
        await db.run(f"alter table {table} disable trigger all")
        await db.run(f"update {table} set period_start = period_start - 401")
        await db.run(f"alter table {table} enable trigger all")
    async with db.transaction() as tx:
        assert await budget.purge_ledger(tx) == 1
    assert await acme.counters() == {}

"""What models cost: set aside before a question is sent, settled when it is answered. Micro-USD.

A cause is `turn:<id>:<step>:<attempt>`. What a dead attempt left set aside stays used until its period ends: whether
its question was billed nobody knows, and a budget errs on the merchant's side. Where no budget of kind `model` binds,
nothing is written.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec
import psycopg
import structlog

from agentpay.db.engine import Database
from agentpay.kit.errors import Unavailable
from agentpay.kit.ids import uuid7
from agentpay.llm import prices
from agentpay.llm.structured import Choice
from agentpay.offers import budget
from agentpay.offers.budget import Budget
from agentpay.turns.hold import RunningTurn, hold
from agentpay.understanding.second_opinion import Pay

OPINION_STEP: Final = 0
OPINION_MICROS_MAX: Final = 20_000
"""A classification reads about two thousand tokens and writes fifty: no model on the list costs more for it."""

log = structlog.get_logger()


class Purse(msgspec.Struct, frozen=True):
    """Whose budgets a turn's questions are paid from."""

    organization_id: UUID
    scopes: dict[str, str]
    budgets: tuple[Budget, ...]

    @property
    def binds(self) -> bool:
        return bool(budget.applicable(self.budgets, kind="model", currency=budget.MODEL_CURRENCY))


def purse_of(turn: RunningTurn, *, agent_id: UUID, visitor_key: str, budgets: Sequence[Budget]) -> Purse:
    scopes = budget.scopes_of(
        organization_id=turn.organization_id,
        conversation_id=turn.conversation_id,
        agent_id=agent_id,
        visitor_key=visitor_key,
    )
    return Purse(turn.organization_id, scopes, tuple(each for each in budgets if each.kind == "model"))


async def reserve(db: Database, turn: RunningTurn, purse: Purse, *, step: int, micros: int) -> bool:
    """Set aside what one question may cost at most. False: a budget does not hold it. Raises TurnLost."""
    return await _reserve(db, purse, cause=cause_of(turn, step), micros=micros, turn=turn)


async def settle(db: Database, turn: RunningTurn, purse: Purse, *, step: int, micros: int) -> None:
    """What the question really came to. Not fenced: money that was spent is spent, whoever owns the turn by now."""
    await _settle(db, purse, cause=cause_of(turn, step), micros=micros)


def payer(db: Database, turn: RunningTurn, purse: Purse) -> Pay:
    """Pays for a second opinion on what the visitor wants, before the first step."""

    async def pay(ask: Callable[[], Awaitable[Choice]]) -> Choice | None:
        return await _paid(db, purse, ask, cause=cause_of(turn, OPINION_STEP), turn=turn)

    return pay


def payer_of(db: Database, organization_id: UUID) -> Pay:
    """Pays for a merchant's own question what a message means, from its organization-wide budgets."""

    async def pay(ask: Callable[[], Awaitable[Choice]]) -> Choice | None:
        stored = await db.value("select budgets from organizations where id = %(id)s", {"id": organization_id})
        theirs = tuple(each for each in budget.budgets_of(stored) if _is_theirs(each))
        purse = Purse(organization_id, {"organization": str(organization_id)}, theirs)
        return await _paid(db, purse, ask, cause=f"intent:{uuid7()}")

    return pay


async def _paid(
    db: Database, purse: Purse, ask: Callable[[], Awaitable[Choice]], *, cause: str, turn: RunningTurn | None = None
) -> Choice | None:
    """The answer to one question, paid for; None: the purse does not hold it. One that failed may have been billed."""
    if not await _reserve(db, purse, cause=cause, micros=OPINION_MICROS_MAX, turn=turn):
        return None
    spent = OPINION_MICROS_MAX
    try:
        choice = await ask()
        spent = prices.cost_micros(choice.usage, choice.model)
    finally:
        await _settle(db, purse, cause=cause, micros=spent)
    return choice


async def _reserve(db: Database, purse: Purse, *, cause: str, micros: int, turn: RunningTurn | None) -> bool:
    if not purse.binds:
        return True
    async with db.transaction() as tx:
        if turn is not None:
            await hold(tx, turn)
        return await budget.reserve(
            tx,
            organization_id=purse.organization_id,
            kind="model",
            cause=cause,
            amount=micros,
            currency=budget.MODEL_CURRENCY,
            scopes=purse.scopes,
            budgets=purse.budgets,
        )


async def _settle(db: Database, purse: Purse, *, cause: str, micros: int) -> None:
    if not purse.binds:
        return
    try:
        async with db.transaction() as tx:
            await budget.commit(tx, organization_id=purse.organization_id, cause=cause, amount=micros)
    except (psycopg.Error, Unavailable) as error:
        # What was set aside stays used: no answer is lost for the sake of its bill.
        log.warning("spending.unsettled", cause=cause, error=type(error).__name__)


def _is_theirs(each: Budget) -> bool:
    return each.kind == "model" and each.scope == "organization"


def cause_of(turn: RunningTurn, step: int) -> str:
    return f"turn:{turn.id}:{step}:{turn.attempt}"

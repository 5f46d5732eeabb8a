"""Each guard of ours, and how to switch it off: the proof must fail without it.

These are the only places where a test reaches into modules: a guard that is gone is no collaborator that could be
handed in. A house is built while the guard is off, because some are bound when it is composed.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import msgspec

from agentpay.agents.rules import Rules
from agentpay.catalog.prices import PriceFacts
from agentpay.checkout import accept, check, orders, perform, plan
from agentpay.checkout import tools as checkout_tools
from agentpay.conversations import shown
from agentpay.conversations.append import lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.llm.types import ToolCall
from agentpay.offers import approval, budget, negotiation, propose, repository
from agentpay.offers import scene as offer_scene
from agentpay.offers.negotiable import Negotiable
from agentpay.turns import facts, loop, prepare, speaker, spending, toolbox
from agentpay.turns.hold import RunningTurn
from tests.adversary.machine import Given

# Module (or class), name, what stands there instead.
Patches = tuple[tuple[Any, str, Any], ...]


GENEROUS: Final[Mapping[str, Any]] = {
    "allow_dynamic_pricing": True,
    "max_discount_percent": 50,
    "require_approval_above": 100,
    "price_bounds": {"min": 0.0, "max": 1.0},
    "products": {},
}


def _budget(kind: str, scope: str, amount: int) -> Given:
    budget = {"kind": kind, "scope": scope, "period": "day", "currency": "usd", "amount": amount}
    return Given(GENEROUS, (budget,))


class Off(msgspec.Struct, frozen=True):
    """`kinds`: what the referee may call it. `moves`: those that lead there; `runs`: within how many it is found."""

    name: str
    patches: Patches
    kinds: frozenset[str]
    moves: tuple[str, ...]
    given: Given = Given(rules=GENEROUS)
    runs: int = 30


@contextmanager
def switched_off(off: Off) -> Iterator[None]:
    with ExitStack() as stack:
        for place, name, instead in off.patches:
            stack.enter_context(patch.object(place, name, instead))
        yield


def _no_bound(rules: Rules, **_: Any) -> int:
    return 1


def _no_line(rules: Rules, facts: Any) -> int:
    return 10**12


async def _always(*_: Any, **__: Any) -> bool:
    return True


async def _unlimited(*_: Any, **__: Any) -> None:
    return None


class _NoGuard:
    """Lets everything out."""

    def __init__(self, known: Any) -> None:
        self.violation = None

    def feed(self, text: str) -> str:
        return text

    def close(self) -> str:
        return ""


async def _everything(source: Database | Tx, *, organization_id: UUID, conversation_id: UUID) -> set[UUID]:
    rows = await source.all("select product_id from products", {})
    return {row["product_id"] for row in rows}


async def _everything_shown(source: Database | Tx, *, conversation_id: UUID) -> list[UUID]:
    rows = await source.all("select product_id from products", {})
    return [row["product_id"] for row in rows]


def _no_differences(*_: Any) -> tuple[str, ...]:
    return ()


def _negotiable(facts: PriceFacts | None) -> Any:
    """The first price will do."""
    assert facts is not None
    return Negotiable(
        "fixed" if facts.is_recurring else "percentage", facts.product_id, facts.amount or 0, facts.currency
    )


def _fine(*_: Any) -> check.Verdict:
    return check.Verdict((), False)


def _no_check(self: toolbox.Toolbox, call: ToolCall, *, open_names: frozenset[str]) -> str | None:
    return None if call.name in self.tools else "tool_not_open"


async def _no_hold(tx: Tx, turn: RunningTurn) -> Row:
    return await lock(tx, organization_id=turn.organization_id, conversation_id=turn.conversation_id)


async def _anybodys_offer(tx: Tx, *, organization_id: UUID, offer_id: UUID, conversation_id: UUID | None = None) -> Row:
    row = await tx.one("select * from offers where id = %(id)s for update", {"id": offer_id})
    assert row is not None
    return row


async def _anybodys_records(db: Database, turn: RunningTurn) -> tuple[list[Row], list[Row], list[Row]]:
    offers = await db.all("select id, product_id, status, amount, list_amount, currency, expires_at from offers")
    return offers, [], []


GUARDS: Final[tuple[Off, ...]] = (
    Off(
        "the engine's bound",
        ((negotiation, "bound", _no_bound),),
        frozenset({"offer_below_bound"}),
        ("a_deal_is_made",),
    ),
    Off(
        "the bound at the door to Polar",
        ((plan, "bound", _no_bound),),
        frozenset({"discount_below_bound"}),
        ("a_deal_is_made",),
    ),
    Off(
        "the bound of approvals",
        ((approval, "bound", _no_bound),),
        frozenset({"offer_below_bound"}),
        ("an_approval_comes_late",),
        Given({**GENEROUS, "require_approval_above": 0}),
    ),
    Off(
        "the approval line",
        ((negotiation, "_approval_line", _no_line),),
        frozenset({"unapproved"}),
        ("a_deal_is_made",),
        Given({**GENEROUS, "require_approval_above": 1}),
    ),
    Off(
        "what is negotiable",
        ((propose, "negotiable", _negotiable),),
        frozenset({"offer_below_bound"}),
        ("a_deal_is_made",),
    ),
    Off(
        "the discount budget",
        ((budget, "reserve", _always), (budget, "lock_room", _unlimited)),
        frozenset({"budget", "budget_currency"}),
        ("a_deal_is_made",),
        _budget("discount", "organization", 100),
    ),
    Off(
        "the model's budget",
        ((spending, "reserve", _always),),
        frozenset({"model_budget"}),
        ("a_visitor_haggles",),
        _budget("model", "conversation", 100),
    ),
    Off("the guard of words", ((speaker, "Guard", _NoGuard),), frozenset({"unsourced"}), ("a_visitor_writes",)),
    Off(
        "provenance",
        (
            (shown, "nameable_ids", _everything),
            (checkout_tools, "nameable_ids", _everything),
            (offer_scene, "shown_ids", _everything_shown),
        ),
        frozenset({"provenance", "reach"}),
        ("a_visitor_writes", "a_visitor_haggles"),
    ),
    Off(
        "the verification of the 201",
        ((perform, "differences", _no_differences),),
        frozenset({"checkout_below_bound"}),
        ("a_deal_is_made",),
    ),
    Off(
        "the check of orders",
        ((orders, "check", _fine),),
        frozenset({"order_unflagged"}),
        ("a_deal_is_made", "somebody_buys_now", "a_buyer_plays_and_pays", "the_merchant_reprices"),
        runs=200,
    ),
    Off(
        "the check of calls",
        ((toolbox.Toolbox, "check", _no_check),),
        frozenset({"tool_not_open", "arguments"}),
        ("a_visitor_writes",),
    ),
    Off(
        "the fence of attempts",
        ((loop, "hold", _no_hold), (prepare, "hold", _no_hold)),
        frozenset({"after_the_end"}),
        ("a_visitor_writes",),
    ),
    Off(
        "whose offer it is",
        tuple((place, "lock_offer", _anybodys_offer) for place in (repository, accept)),
        frozenset({"reach"}),
        ("somebody_opens_the_chat", "an_offer_is_left_open", "an_offer_is_accepted"),
        runs=200,
    ),
    Off(
        "whose records are told",
        ((facts, "_records", _anybodys_records),),
        frozenset({"leak"}),
        ("somebody_opens_the_chat", "a_deal_is_made"),
    ),
)

"""`propose_price`: what an agent may ask, what it is told, and what stays with us."""

import json
from typing import Any

import msgspec
import pytest

from agentpay.agents.tools import PRICING_TOOL, Tool, ToolContext
from agentpay.db.engine import Database
from agentpay.kit.ids import uuid7
from agentpay.llm.template import facts as template
from agentpay.llm.types import ToolCall, ToolResult
from agentpay.offers import words
from agentpay.offers.negotiable import NotNegotiableReason
from agentpay.offers.negotiation import Ask, Why
from agentpay.offers.propose import Outcome
from agentpay.offers.tools import ask_of, facts_of, tools
from agentpay.polar.types import Product
from tests.offers.cast import Shop


def tool_of(acme: Shop) -> Tool:
    (tool,) = tools(acme.db, acme.appender, acme.jobs)
    return tool


async def call(acme: Shop, visit: ToolContext, product: Product | str, **arguments: Any) -> ToolResult:
    context = msgspec.structs.replace(visit, effect_key=str(uuid7()), call_id="call-1")
    product_id = product if isinstance(product, str) else str(product.id)
    return await tool_of(acme).perform(context, {"product_id": product_id, **arguments})


async def test_a_granted_price_comes_with_its_facts_and_its_card(db: Database) -> None:
    acme = await Shop.open(db)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    result = await call(acme, sam, candle, proposed_amount=9_100)
    (offer,) = await acme.offers()
    expires_at = result.facts.pop("expires_at")
    assert result.facts == {
        "decision": "granted",
        "product_id": str(candle.id),
        "product_name": "Amber Candle",
        "offer_id": str(offer["id"]),
        "status": "open",
        "list_amount": 10_000,
        "list_text": "$100.00",
        "amount": 9_100,
        "amount_text": "$91.00",
        "currency": "usd",
        "discount_percent": 9,
        "reasons": ["A special price, just for you."],
        "is_final": False,
    }
    assert expires_at.endswith("Z")
    assert (result.call_id, result.name, result.status) == ("call-1", PRICING_TOOL, "done")
    assert result.attachments == (
        {
            "type": "offer",
            "offer_id": str(offer["id"]),
            "product_id": str(candle.id),
            "list_amount": 10_000,
            "amount": 9_100,
            "currency": "usd",
            "expires_at": expires_at,
            "status": "open",
        },
    )
    json.dumps(result.facts)


async def test_a_counter_a_wait_and_a_final_word_in_turn(db: Database) -> None:
    acme = await Shop.open(db, require_approval_above=12, max_offers_per_conversation=2)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    countered = await call(acme, sam, candle, discount_percent=50)
    assert (countered.status, countered.facts["decision"], countered.facts["amount"]) == ("done", "countered", 8_800)
    waiting = await call(acme, sam, candle, discount_percent=50)
    assert (waiting.status, waiting.facts["decision"], waiting.facts["status"]) == (
        "done", "needs_approval", "pending_approval",
    )  # fmt: skip
    assert waiting.attachments[0]["status"] == "pending_approval"
    final = await call(acme, sam, candle, discount_percent=50)
    assert (final.status, final.facts["decision"], final.facts["reason"]) == ("refused", "refused", "final_word")
    assert final.facts["standing_offer"]["amount_text"] == "$88.00"
    assert final.attachments == ()


@pytest.mark.parametrize("product_id", ["amber candle", "01a21334-0000-7000-8000-000000000000"])
async def test_an_id_that_was_not_shown_is_refused(db: Database, product_id: str) -> None:
    acme = await Shop.open(db)
    sam = await acme.talks_to()
    result = await call(acme, sam, product_id)
    assert (result.status, result.facts) == ("refused", {"decision": "refused", "reason": "product_unavailable"})


async def test_terms_that_a_visitor_must_know_are_facts(db: Database) -> None:
    acme = await Shop.open(db)
    club = await acme.sells(
        is_recurring=True, recurring_interval="month", recurring_interval_count=1, trial_interval="day",
        trial_interval_count=7,
    )  # fmt: skip
    sam = await acme.talks_to(club, language="pt")
    facts = (await call(acme, sam, club, quantity=5)).facts
    assert (facts["applies_to"], facts["trial"], facts["applies_to_quantity"]) == ("first_charge", "none", 1)
    assert facts["amount_text"] == "$ 80,00"
    assert facts["reasons"][0] == "Um preço melhor porque você quer mais de um."


async def test_nothing_told_betrays_a_floor_a_budget_or_a_rule(db: Database) -> None:
    budget = {"kind": "discount", "scope": "visitor", "period": "day", "currency": "usd", "amount": 1_234}
    acme = await Shop.open(db, budgets=[budget], max_discount_percent=37)
    candle = await acme.sells()
    sam = await acme.talks_to(candle)
    results = [await call(acme, sam, candle, proposed_amount=1) for _ in range(4)]
    told = json.dumps([plain_facts(result.facts) for result in results]).lower()
    assert "countered" in told
    for secret in ("6300", "63.00", "1234", "37", "budget", "floor", "max_", "rule"):
        assert secret not in told


def plain_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Without ids and times, whose digits are chance."""
    known = {name: value for name, value in facts.items() if name not in {"offer_id", "product_id", "expires_at"}}
    if "standing_offer" in known:
        known["standing_offer"] = plain_facts(known["standing_offer"])
    return known


@pytest.mark.parametrize("why", list(Why))
def test_why_the_answer_is_no_is_told_as_far_as_a_visitor_may_know(why: Why) -> None:
    facts = facts_of(Outcome(decision="refused", why=why), quantity=1, language="en")
    assert facts["reason"] not in {"budget", "max_offers", "frozen"}
    result = ToolResult("call", PRICING_TOOL, "refused", facts)
    assert template.reason_of(result) not in {"failed", "other"}


@pytest.mark.parametrize("why", list(NotNegotiableReason))
def test_the_template_has_words_for_every_price_that_is_not_negotiable(why: NotNegotiableReason) -> None:
    facts = facts_of(Outcome(decision="refused", why=why), quantity=1, language="en")
    result = ToolResult("call", PRICING_TOOL, "refused", facts)
    assert template.reason_of(result) in {"free", "pay_what_you_want", "not_negotiable", "currency"}
    assert ToolCall("call", PRICING_TOOL, {}).name == result.name


@pytest.mark.parametrize(
    ("arguments", "ask"),
    [
        ({}, Ask()),
        ({"proposed_amount": 8_000, "quantity": 2}, Ask(amount=8_000, quantity=2)),
        ({"discount_percent": 10}, Ask(basis_points=1_000)),
        ({"discount_percent": 8.7}, Ask(basis_points=870)),
        ({"discount_percent": 0.1 + 0.2}, Ask(basis_points=30)),
        ({"discount_percent": 33.3333}, Ask(basis_points=3_333)),
    ],
)
def test_arguments_become_an_ask(arguments: dict[str, Any], ask: Ask) -> None:
    assert ask_of(arguments) == ask


def test_the_schema_is_strict(db: Database) -> None:
    tool = tools(db, None, None)[0]  # type: ignore[arg-type] # nothing is performed
    assert tool.parameters["additionalProperties"] is False
    assert tool.parameters["required"] == ["product_id"]
    assert set(tool.parameters["properties"]) == {"product_id", "proposed_amount", "discount_percent", "quantity"}
    assert (tool.acts, tool.agent_types) == (True, ("sales",))


def test_reasons_hold_no_number_and_exist_in_both_languages() -> None:
    codes = ["negotiated", "first_purchase", "volume", "hesitation", "first_charge", "no_trial", "approved"]
    for language in ("en", "pt"):
        said = words.reasons([*codes, "of_tomorrow"], language=language)  # type: ignore[arg-type] # one of the two
        assert len(said) == len(codes)
        assert not any(character.isdigit() for sentence in said for character in sentence)

"""The tool by which an agent asks for a lower price. The engine answers; the agent only tells.

Facts hold what the visitor may learn: amounts, reasons, until when. Floors, budgets and rules are not among them, nor
whether one of them was why the answer is no.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agentpay.agents.tools import PRICING_TOOL, Tool, ToolContext
from agentpay.catalog import prices
from agentpay.conversations.append import Appender
from agentpay.db.engine import Database
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.money import Language, format_amount
from agentpay.kit.wire import in_utc
from agentpay.llm.types import ToolResult
from agentpay.offers.negotiation import STANDING_OFFERS_MAX, Ask, Why
from agentpay.offers.propose import Outcome, propose
from agentpay.offers.public import discount_percent, offer_attachment

QUANTITY_MAX = 10_000
AMOUNT_MAX = 999_999_999_999

DESCRIPTION = (
    "Ask the shop's pricing engine for a lower price of a product that was shown in this conversation. Call it whenever"
    " the visitor wants to pay less, names a price or hesitates over the price. It decides alone: tell the visitor"
    " exactly the amounts it returns, never promise a price without it."
)
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "product_id": {"type": "string", "description": "Id of a product that was shown."},
        "proposed_amount": {
            "type": "integer",
            "minimum": 0,
            "maximum": AMOUNT_MAX,
            "description": "The price the visitor names for one piece, in minor units ($80 = 8000).",
        },
        "discount_percent": {
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": "The discount the visitor names, in percent.",
        },
        "quantity": {
            "type": "integer",
            "minimum": 1,
            "maximum": QUANTITY_MAX,
            "description": "How many the visitor wants to buy.",
        },
    },
    "required": ["product_id"],
    "additionalProperties": False,
}

# What a visitor may learn of why the answer is no; the rest he may learn as it stands.
_TOLD_AS: dict[str, str] = {
    Why.MAX_OFFERS: Why.FINAL_WORD,
    Why.BUDGET: Why.FINAL_WORD,
    Why.FROZEN: Why.NOT_NEGOTIABLE,
}


def tools(db: Database, appender: Appender, jobs: Jobs, *, standing_max: int = STANDING_OFFERS_MAX) -> tuple[Tool, ...]:
    """`propose_price`. `standing_max`: offers that one visitor or address may have standing at a time."""

    async def propose_price(context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
        """Decide, and write the offer down; again under the same effect key gives the same offer."""
        product_id = _uuid(arguments["product_id"])
        outcome = Outcome(decision="refused", why="product_unavailable")
        if product_id is not None:
            outcome = await propose(
                db,
                appender,
                jobs,
                ctx=context,
                product_id=product_id,
                ask=ask_of(arguments),
                standing_max=standing_max,
            )
        is_refused = outcome.decision == "refused"
        return ToolResult(
            context.call_id,
            PRICING_TOOL,
            "refused" if is_refused else "done",
            facts_of(outcome, quantity=arguments.get("quantity", 1), language=context.language),
            (offer_attachment(outcome.offer),) if outcome.offer and not is_refused else (),
        )

    return (
        Tool(
            name=PRICING_TOOL,
            description=DESCRIPTION,
            parameters=PARAMETERS,
            agent_types=("sales",),
            acts=True,
            perform=propose_price,
        ),
    )


def ask_of(arguments: Mapping[str, Any]) -> Ask:
    """From the tool's arguments. Finer than a basis point is cut off, so that nobody gets more than he asked for."""
    percent = arguments.get("discount_percent")
    return Ask(
        amount=arguments.get("proposed_amount"),
        basis_points=None if percent is None else int(round(percent * 100, 6)),
        quantity=arguments.get("quantity", 1),
    )


def facts_of(outcome: Outcome, *, quantity: int, language: Language) -> dict[str, Any]:
    """What the provider is told: plain JSON values, money in minor units and as text."""
    facts: dict[str, Any] = {"decision": outcome.decision}
    if outcome.product is not None:
        facts |= {"product_id": str(outcome.product.product_id), "product_name": outcome.product.name}
    if outcome.decision == "refused":
        facts["reason"] = str(_TOLD_AS.get(outcome.why or "", outcome.why or Why.FINAL_WORD))
        if outcome.offer is not None:
            facts["standing_offer"] = _offer_facts(outcome.offer, language)
        return facts
    assert outcome.offer is not None  # every other decision has one
    facts |= _offer_facts(outcome.offer, language)
    facts |= {"reasons": outcome.offer["reasons"], "is_final": outcome.is_final}
    if outcome.offer["discount_type"] == "fixed":
        facts["applies_to"] = "first_charge"
    if outcome.product is not None and _has_trial(outcome):
        facts["trial"] = "none"
    if quantity > 1:
        facts["applies_to_quantity"] = 1
    return facts


def _offer_facts(offer: Mapping[str, Any], language: Language) -> dict[str, Any]:
    currency = offer["currency"]
    expires_at = in_utc(offer["expires_at"])
    return {
        "offer_id": str(offer["id"]),
        "status": offer["status"],
        "list_amount": offer["list_amount"],
        "list_text": format_amount(offer["list_amount"], currency, language=language),
        "amount": offer["amount"],
        "amount_text": format_amount(offer["amount"], currency, language=language),
        "currency": currency,
        "discount_percent": discount_percent(offer["list_amount"], offer["amount"]),
        "expires_at": expires_at.isoformat().replace("+00:00", "Z") if expires_at else None,
    }


def _has_trial(outcome: Outcome) -> bool:
    assert outcome.product is not None
    assert outcome.offer is not None
    facts = prices.price_facts(outcome.product.product, currency=outcome.offer["currency"])
    return facts is not None and facts.has_trial


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""What a turn knows before its first question: what the visitor wants, what it is about, what may be done. Pure."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from agentpay.agents.repository import AgentRow
from agentpay.agents.tools import open_tools
from agentpay.catalog.currencies import visitor_currency
from agentpay.db.transaction import Row
from agentpay.llm.template import naming, reading
from agentpay.llm.types import Brief, CheckoutFact, Language, OfferFact, OrderFact, Personality, ProductFact
from agentpay.offers.enums import STANDING
from agentpay.turns import action, allowed, facts
from agentpay.turns.action import Decision
from agentpay.turns.facts import Facts
from agentpay.understanding.classify import CONFIDENCE_THRESHOLD, Understanding, classify
from agentpay.understanding.intents import Intent


def language_of(agent: AgentRow, understood: Understanding) -> Language:
    fixed = agent.personality.language
    if fixed != "auto":
        return fixed
    return "pt" if understood.language == "pt" else "en"


def currency_of(known: Facts) -> str:
    country = known.conversation["agent_state"].get("country")
    return visitor_currency(context=known.conversation["context"], default=known.default_currency, country=country)


def visitor_key(conversation: Row) -> str:
    """The same visitor, for offers and budgets: a proven `sub`, else the session (API § 2)."""
    if conversation["external_customer_id"]:
        return f"sub:{conversation['external_customer_id']}"
    return f"session:{conversation['session_id']}"


def understand(known: Facts, text: str) -> Understanding:
    """By rules, in the light of what was said before."""
    previous = known.previous
    state = known.conversation["agent_state"]
    return classify(
        text,
        prev_agent_action=previous_action(known),
        prev_agent_text=previous["content"] if previous else None,
        previous_language=state.get("language") or _locale_language(known.conversation["context"]),
    )


def previous_action(known: Facts) -> str | None:
    """What the visitor answers to: the last reply, or an offer that we told them of since (an approval)."""
    first = known.asked[0]["sequence"] if known.asked else 0
    before = [row for row in known.messages if row["sequence"] < first and row["role"] in ("agent", "system")]
    if not before:
        return None
    latest = before[-1]
    if any(attachment["type"] == "offer" for attachment in latest["attachments"]):
        return latest["action"] or "calculate_offer"
    return known.previous["action"] if known.previous else None


def _locale_language(context: dict[str, Any]) -> str | None:
    locale = context.get("locale")
    return "pt" if isinstance(locale, str) and locale.lower().startswith("pt") else None


class _View(msgspec.Struct, frozen=True):
    """What the visitor has seen, as facts."""

    shown: tuple[ProductFact, ...]
    offers: tuple[OfferFact, ...]
    checkouts: tuple[CheckoutFact, ...]
    orders: tuple[OrderFact, ...]
    focus: ProductFact | None
    handoff: Literal["none", "asked", "taken"]


def _view(known: Facts, understood: Understanding, text: str, *, language: Language) -> _View:
    currency, conversation = currency_of(known), known.conversation
    shown = facts.product_facts(known.shown, currency=currency, language=language)
    return _View(
        shown=shown,
        offers=facts.offer_facts(known, language=language),
        checkouts=facts.checkout_facts(known, language=language),
        orders=facts.order_facts(known, language=language),
        focus=_focus(known, shown, understood, text, currency=currency, language=language),
        handoff="none" if not conversation["asked_at"] else "taken" if conversation["taken_at"] else "asked",
    )


def brief_of(
    known: Facts, agent: AgentRow, understood: Understanding, *, text: str, language: Language, now: datetime
) -> tuple[Brief, Decision]:
    """The brief of this turn, and which tools its action opens."""
    view = _view(known, understood, text, language=language)
    situation = _situation(known, agent, understood, view, text=text, now=now)
    decision = action.decide(situation)
    conversation, personality = known.conversation, agent.personality
    brief = Brief(
        language=language,
        intent=understood.intent.value,
        confidence=understood.confidence,
        entities=_entities(known, understood, text=text),
        action=decision.action.value,
        agent_type=agent.agent_type,  # type: ignore[arg-type] # checked by the table
        agent_name=agent.name,
        organization_name=known.organization_name,
        personality=Personality(
            tone=personality.tone,
            verbosity=personality.verbosity,
            proactive=personality.proactive,
            greeting=personality.greeting,
        ),
        text=text,
        now=now,
        is_first_reply=conversation["agent_message_count"] <= 1,
        focus=view.focus,
        shown=view.shown,
        offers=view.offers,
        checkouts=view.checkouts,
        orders=view.orders,
        is_proven_customer=bool(conversation["external_customer_id"]),
        customer_name=conversation["identity"].get("name"),
        handoff=view.handoff,
        stuck=action.is_stuck(situation),
        previous_action=situation.previous_action,
        previous_text=situation.previous_text,
    )
    return brief, decision


def _entities(known: Facts, understood: Understanding, *, text: str) -> dict[str, Any]:
    """What was understood; a bare yes to `5 seats` still means five."""
    entities: dict[str, Any] = msgspec.to_builtins(understood.entities)
    if understood.entities.quantity is None and reading.says_yes(text):
        first = known.asked[0]["sequence"] if known.asked else 0
        said = [row["content"] for row in known.messages if row["sequence"] < first and row["role"] == "user"]
        quantity = classify(said[-1]).entities.quantity if said else None
        if quantity is not None:
            entities["quantity"] = quantity
    return entities


def _situation(
    known: Facts, agent: AgentRow, understood: Understanding, view: _View, *, text: str, now: datetime
) -> action.Situation:
    conversation, previous = known.conversation, known.previous
    return action.Situation(
        intent=understood.intent,
        confidence=understood.confidence,
        text=text,
        entities=understood.entities,
        open_tools=tools_of(agent),
        previous_action=previous_action(known),
        previous_text=previous["content"] if previous else None,
        previous_intent=Intent(conversation["last_intent"]) if conversation["last_intent"] else None,
        focus=view.focus,
        shown=view.shown,
        offers=tuple(offer for offer in view.offers if offer.status in STANDING and offer.expires_at > now),
        checkouts=view.checkouts,
        handoff=view.handoff,
        misses=int(conversation["agent_state"].get("misses", 0)),
    )


def _focus(
    known: Facts,
    shown: tuple[ProductFact, ...],
    understood: Understanding,
    text: str,
    *,
    currency: str,
    language: Language,
) -> ProductFact | None:
    """What the talk is about: named now, else the standing offer's product, else last shown, else the page's."""
    previous_text = known.previous["content"] if known.previous else None
    named = naming.find_named(text, shown, product=understood.entities.product, previous_text=previous_text)
    if named is not None:
        return named
    for row in known.offers:
        if row["status"] in ("open", "pending_approval", "accepted"):
            offered = next((each for each in shown if each.product_id == str(row["product_id"])), None)
            if offered is not None:
                return offered
    if shown:
        return shown[0]
    page = (known.page_product,) if known.page_product else ()
    return next(iter(facts.product_facts(page, currency=currency, language=language)), None)


def tools_of(agent: AgentRow) -> frozenset[str]:
    """What the agent's configuration opens."""
    return open_tools(msgspec.structs.asdict(agent.tools), allow_dynamic_pricing=agent.rules.allow_dynamic_pricing)


def open_names(agent: AgentRow, brief: Brief, decision: Decision, *, asks_models: bool) -> frozenset[str]:
    """Tools that may run in this turn.

    The template follows its action. A model may find out more of a message than the rules did: where it is unclear all
    tools but the checkout may run, else those that what the visitor wants may need. A checkout opens only for who wants
    to buy; who tries to steer the agent opens nothing.
    """
    decided = frozenset(decision.tools)
    if not asks_models or reading.steers(brief.text):
        return decided
    wanted = allowed.tools_for(Intent(brief.intent))
    if brief.confidence < CONFIDENCE_THRESHOLD:
        wanted |= tools_of(agent) - {"create_checkout"}
    if not brief.entities.get("coupon_code"):
        wanted -= {"validate_discount_code"}
    if brief.handoff != "none":
        wanted -= {"request_human"}
    return decided | (tools_of(agent) & wanted)

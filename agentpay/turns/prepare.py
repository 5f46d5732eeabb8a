"""From what is stored to the first question: understand, route, decide. Pure but for a read and one short write."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents import repository as agents
from agentpay.agents import routing
from agentpay.agents.repository import AgentRow, AgentsCache
from agentpay.agents.tools import ToolContext, open_tools
from agentpay.catalog.currencies import visitor_currency
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
from agentpay.kit.text import clean
from agentpay.llm.template import naming
from agentpay.llm.types import (
    Brief,
    CheckoutFact,
    Entry,
    Language,
    OfferFact,
    OrderFact,
    Personality,
    ProductFact,
    ToolCall,
)
from agentpay.offers.enums import STANDING
from agentpay.turns import action, facts, prompt
from agentpay.turns.facts import Facts
from agentpay.turns.hold import RunningTurn, hold
from agentpay.turns.loop import Prepared
from agentpay.understanding.classify import Understanding, classify
from agentpay.understanding.intents import Intent

TEXT_CHARACTERS_MAX = 4_000


class Preparer:
    """Prepares turns. One a process."""

    def __init__(self, db: Database, agents_cache: AgentsCache, *, clock: Clock) -> None:
        self._db = db
        self._agents = agents_cache
        self._clock = clock

    async def prepare(self, turn: RunningTurn) -> Prepared:
        """1. Read. 2. Understand. 3. Route to an agent. 4. Decide action and tools. 5. Note what was understood.

        Raises TurnLost, NotFound (erased meanwhile).
        """
        known = await facts.read(self._db, turn=turn)
        text = clean("\n".join(row["content"] for row in known.asked))[-TEXT_CHARACTERS_MAX:]
        understood = _understand(known, text)
        agent = await self._route(known, understood.intent)
        language = language_of(agent, understood)
        brief, open_names = _decide(known, agent, understood, text=text, language=language, now=self._clock())
        hesitation = understood.intent is Intent.HESITATION
        await self._note(turn, known, understood, agent, counts_hesitation=hesitation)
        conversation = known.conversation
        signals = conversation["hesitation_signals"] + (1 if hesitation else 0)
        return Prepared(
            agent=agent,
            brief=brief,
            messages=tuple(_entry(row) for row in known.messages),
            system=prompt.system(agent, organization_name=known.organization_name),
            open_names=open_names,
            context=_tool_contexts(turn, conversation, agent, language, currency_of(known), signals),
            results=list(known.results),
            steps_done=known.steps_done,
            open_calls=known.open_calls,
            agent_state={**conversation["agent_state"], "language": language},
        )

    async def _route(self, known: Facts, intent: Intent) -> AgentRow:
        """The agent of the fitting type; where nobody may answer any more, the conversation's own one still does."""
        conversation = known.conversation
        found = routing.answering_agent(
            await self._agents.agents_of(organization_id=conversation["organization_id"]),
            intent=intent,
            current_id=conversation["agent_id"],
            is_training=conversation["is_training"],
        )
        if found is not None:
            return found
        own = await agents.find_agent(
            self._db, organization_id=conversation["organization_id"], agent_id=conversation["agent_id"]
        )
        if own is None:
            raise NotFound("This organization has no agent that could answer.")
        return own

    async def _note(
        self, turn: RunningTurn, known: Facts, understood: Understanding, agent: AgentRow, *, counts_hesitation: bool
    ) -> None:
        """Store what was understood with the visitor's messages, and who answers."""
        async with self._db.transaction() as tx:
            await hold(tx, turn)
            await tx.execute(
                """update messages set intent = %(intent)s, intent_confidence = %(confidence)s, entities = %(entities)s
                where id = any(%(ids)s)""",
                {
                    "intent": understood.intent.value,
                    "confidence": understood.confidence,
                    "entities": Jsonb(msgspec.to_builtins(understood.entities)),
                    "ids": [row["id"] for row in known.asked],
                },
            )
            # Counted once: a takeover prepares again under a later attempt.
            await tx.execute(
                """update conversations set last_intent = %(intent)s,
                hesitation_signals = hesitation_signals + %(hesitation)s where id = %(id)s""",
                {
                    "intent": understood.intent.value,
                    "hesitation": 1 if counts_hesitation and turn.attempt == 1 else 0,
                    "id": turn.conversation_id,
                },
            )
            await tx.execute(
                "update turns set agent_id = %(agent_id)s, agent_version = %(version)s where id = %(id)s",
                {"agent_id": agent.id, "version": agent.version, "id": turn.id},
            )


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


def _understand(known: Facts, text: str) -> Understanding:
    previous = known.previous
    state = known.conversation["agent_state"]
    return classify(
        text,
        prev_agent_action=_previous_action(known),
        prev_agent_text=previous["content"] if previous else None,
        previous_language=state.get("language") or _locale_language(known.conversation["context"]),
    )


def _previous_action(known: Facts) -> str | None:
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


def _decide(
    known: Facts, agent: AgentRow, understood: Understanding, *, text: str, language: Language, now: datetime
) -> tuple[Brief, frozenset[str]]:
    view = _view(known, understood, text, language=language)
    situation = _situation(known, agent, understood, view, text=text, now=now)
    decision = action.decide(situation)
    conversation, personality = known.conversation, agent.personality
    brief = Brief(
        language=language,
        intent=understood.intent.value,
        confidence=understood.confidence,
        entities=msgspec.to_builtins(understood.entities),
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
    return brief, frozenset(decision.tools)


def _situation(
    known: Facts, agent: AgentRow, understood: Understanding, view: _View, *, text: str, now: datetime
) -> action.Situation:
    conversation, previous = known.conversation, known.previous
    switches = msgspec.structs.asdict(agent.tools)
    return action.Situation(
        intent=understood.intent,
        confidence=understood.confidence,
        text=text,
        entities=understood.entities,
        open_tools=open_tools(switches, allow_dynamic_pricing=agent.rules.allow_dynamic_pricing),
        previous_action=_previous_action(known),
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


def _entry(row: Row) -> Entry:
    return Entry(role=row["role"], text=row["content"])


def _tool_contexts(
    turn: RunningTurn, conversation: Row, agent: AgentRow, language: Language, currency: str, hesitation_signals: int
) -> Any:
    async def held(tx: Tx) -> None:
        await hold(tx, turn)

    def context(call: ToolCall, effect_key: str) -> ToolContext:
        return ToolContext(
            organization_id=turn.organization_id,
            conversation_id=turn.conversation_id,
            turn_id=turn.id,
            call_id=call.id,
            effect_key=effect_key,
            agent_id=agent.id,
            agent_version=agent.version,
            rules=agent.rules,
            config=msgspec.to_builtins(agent.config),
            visitor_key=visitor_key(conversation),
            is_proven_customer=bool(conversation["external_customer_id"]),
            external_customer_id=conversation["external_customer_id"],
            customer_id=conversation["customer_id"],
            currency=currency,
            language=language,
            origin=conversation["origin"],
            address=conversation["address"],
            hesitation_signals=hesitation_signals,
            hold=held,
        )

    return context

"""From what is stored to the first question: understand, route, decide. Pure but for a read and one short write."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from psycopg.types.json import Jsonb

from agentpay.agents import repository as agents
from agentpay.agents import routing
from agentpay.agents.repository import AgentRow, AgentsCache
from agentpay.agents.tools import ToolContext
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit.clock import Clock
from agentpay.kit.errors import NotFound
from agentpay.kit.text import clean
from agentpay.llm.template.provider import TemplateProvider
from agentpay.llm.types import Language, ToolCall
from agentpay.offers.budget import budgets_of
from agentpay.turns import facts, prompt, window
from agentpay.turns.brief import (
    brief_of,
    currency_of,
    language_of,
    open_names,
    previous_action,
    tools_of,
    understand,
    visitor_key,
)
from agentpay.turns.facts import Facts
from agentpay.turns.hold import RunningTurn, hold
from agentpay.turns.prepared import Prepared, Script, Sources, page_context, talk
from agentpay.turns.spending import Purse, payer, purse_of
from agentpay.understanding.classify import Understanding
from agentpay.understanding.intents import Intent
from agentpay.understanding.second_opinion import SecondOpinion

TEXT_CHARACTERS_MAX = 4_000

_NOTE = """
with noted as (
  update messages set intent = %(intent)s, intent_confidence = %(confidence)s, entities = %(entities)s
  where id = any(%(ids)s)),
talked as (
  update conversations set last_intent = %(intent)s, hesitation_signals = hesitation_signals + %(hesitation)s,
    summary = %(summary)s, agent_state = agent_state || jsonb_build_object('window_begin', %(window_begin)s::int)
  where id = %(conversation_id)s)
update turns set agent_id = %(agent_id)s, agent_version = %(version)s, brief = %(brief)s::jsonb where id = %(turn_id)s
"""


class Preparer:
    """Prepares turns. One a process. `is_configured`: whether there is a key for a model provider."""

    def __init__(
        self,
        db: Database,
        agents_cache: AgentsCache,
        *,
        clock: Clock,
        is_configured: Callable[[str], bool],
        opinion: SecondOpinion,
    ) -> None:
        self._db = db
        self._agents = agents_cache
        self._clock = clock
        self._is_configured = is_configured
        self._opinion = opinion

    async def prepare(self, turn: RunningTurn) -> Prepared:
        """1. Read. 2. Understand. 3. Route to an agent. 4. Decide action and tools. 5. Note what was understood.

        Raises TurnLost, NotFound (erased meanwhile).
        """
        known = await facts.read(self._db, turn=turn)
        agents_of = await self._agents.agents_of(organization_id=known.conversation["organization_id"])
        agent, script = self._begun_before(known, agents_of) or await self._begin(turn, known, agents_of)
        conversation, brief = known.conversation, script.brief
        return Prepared(
            agent=agent,
            brief=brief,
            system=prompt.system(agent, organization_name=script.organization_name),
            talk=talk(script, known.messages),
            open_names=frozenset(script.open_names),
            tool_names=frozenset(script.tool_names),
            providers=script.providers,
            purse=_purse(turn, agent, conversation),
            sources=await self._sources(turn, known, asks_models=bool(script.providers)),
            context=_tool_contexts(
                turn, conversation, agent, brief.language, currency_of(known), script.hesitation_signals
            ),
            steps=list(known.steps),
            agent_state={
                **conversation["agent_state"], "language": brief.language, "window_begin": script.window_begin
            },
        )  # fmt: skip

    def _begun_before(self, known: Facts, agents_of: Sequence[AgentRow]) -> tuple[AgentRow, Script] | None:
        """A dead attempt got as far as a stored step: this one goes on under the same script."""
        if not known.steps or not known.script:
            return None
        agent = next((agent for agent in agents_of if agent.id == known.agent_id), None)
        return None if agent is None else (agent, msgspec.convert(known.script, Script))

    async def _begin(self, turn: RunningTurn, known: Facts, agents_of: Sequence[AgentRow]) -> tuple[AgentRow, Script]:
        text = clean("\n".join(row["content"] for row in known.asked))[-TEXT_CHARACTERS_MAX:]
        understood = await self._understand(turn, known, agents_of, text)
        agent = await self._route(known, agents_of, understood.intent)
        language = language_of(agent, understood)
        brief, decision = brief_of(known, agent, understood, text=text, language=language, now=self._clock())
        conversation, providers = known.conversation, self._providers(agent)
        begin = int(conversation["agent_state"].get("window_begin", 0))
        seen = window.slide(known.messages, begin=begin, summary=conversation["summary"])
        script = Script(
            brief=brief,
            organization_name=known.organization_name,
            asked_after=turn.after_sequence,
            window_begin=seen.begin,
            summary=seen.summary,
            context=page_context(conversation["context"]),
            open_names=tuple(sorted(open_names(agent, brief, decision, asks_models=bool(providers)))),
            tool_names=tuple(sorted(tools_of(agent))),
            providers=providers,
            hesitation_signals=_hesitation_signals(conversation, understood.intent),
        )
        await self._note(turn, known, understood, agent, script)
        return agent, script

    async def _understand(
        self, turn: RunningTurn, known: Facts, agents_of: Sequence[AgentRow], text: str
    ) -> Understanding:
        """By rules; where they are unsure, a model of the conversation's own agent is asked once, within its budget."""
        by_rules, conversation = understand(known, text), known.conversation
        own = next((agent for agent in agents_of if agent.id == conversation["agent_id"]), None)
        if own is None:
            return by_rules
        return await self._opinion.refine(
            text,
            by_rules,
            mode="hybrid",
            providers=self._providers(own),
            pay=payer(self._db, turn, _purse(turn, own, conversation)),
            prev_agent_action=previous_action(known),
            prev_agent_text=known.previous["content"] if known.previous else None,
        )

    def _providers(self, agent: AgentRow) -> tuple[str, ...]:
        """The agent's models in order: its own, then its fallback, up to the template, which never needs one.

        Those that are not configured are left out.
        """
        wanted = (agent.config.llm_provider, agent.config.fallback_provider)
        models = itertools.takewhile(lambda name: name != TemplateProvider.name, wanted)
        return tuple(dict.fromkeys(name for name in models if name and self._is_configured(name)))

    async def _sources(self, turn: RunningTurn, known: Facts, *, asks_models: bool) -> Sources:
        if not asks_models:
            return Sources()
        hosts = (urlsplit(origin).hostname for origin in known.conversation["allowed_origins"])
        return Sources(
            hosts=frozenset(host for host in hosts if host),
            results=tuple(await facts.earlier_results(self._db, turn=turn, known=known)),
        )

    async def _route(self, known: Facts, agents_of: Sequence[AgentRow], intent: Intent) -> AgentRow:
        """The agent of the fitting type; where nobody may answer any more, the conversation's own one still does."""
        conversation = known.conversation
        found = routing.answering_agent(
            agents_of, intent=intent, current_id=conversation["agent_id"], is_training=conversation["is_training"]
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
        self, turn: RunningTurn, known: Facts, understood: Understanding, agent: AgentRow, script: Script
    ) -> None:
        """Store what was understood with the visitor's messages, who answers, and what from."""
        # A hesitation is counted once: a takeover prepares again under a later attempt.
        is_counted = understood.intent is Intent.HESITATION and turn.attempt == 1
        async with self._db.transaction() as tx:
            await hold(tx, turn)
            await tx.execute(
                _NOTE,
                {
                    "intent": understood.intent.value,
                    "confidence": understood.confidence,
                    "entities": Jsonb(msgspec.to_builtins(understood.entities)),
                    "ids": [row["id"] for row in known.asked],
                    "hesitation": 1 if is_counted else 0,
                    "conversation_id": turn.conversation_id,
                    "summary": script.summary,
                    "window_begin": script.window_begin,
                    "agent_id": agent.id,
                    "version": agent.version,
                    "brief": msgspec.json.encode(script).decode(),
                    "turn_id": turn.id,
                },
            )


def _purse(turn: RunningTurn, agent: AgentRow, conversation: Row) -> Purse:
    budgets = budgets_of(conversation["budgets"])
    return purse_of(turn, agent_id=agent.id, visitor_key=visitor_key(conversation), budgets=budgets)


def _hesitation_signals(conversation: Row, intent: Intent) -> int:
    return int(conversation["hesitation_signals"]) + (1 if intent is Intent.HESITATION else 0)


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

"""A past turn once more, from what is stored: every question rebuilt, every decision of the engine derived again.

A question is compared by the digest that its step keeps; a decision with the one that was noted. Asks nobody, changes
nothing.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from agentpay.agents import repository as agents
from agentpay.agents.repository import AgentRow
from agentpay.db.engine import Database
from agentpay.db.transaction import Row
from agentpay.kit.errors import Conflict, NotFound
from agentpay.llm.types import Request, ToolSpec
from agentpay.offers.budget import budgets_of
from agentpay.offers.negotiation import decide
from agentpay.offers.propose import Inputs
from agentpay.turns import facts, prompt
from agentpay.turns.facts import StepDone
from agentpay.turns.prepared import Prepared, Script, Sources, digest, question, talk
from agentpay.turns.spending import Purse

Specs = Callable[[frozenset[str]], tuple[ToolSpec, ...]]


class NotReplayable(Conflict):
    """The turn keeps no script: it was erased, pruned, or did not get so far as to ask anything."""


class Asked(msgspec.Struct, frozen=True):
    """One question. `is_same` None: the step was worded by the template at once and kept no digest."""

    step: int
    provider: str | None
    model: str | None
    request: Request
    is_same: bool | None
    said: str
    calls: tuple[str, ...]


class Decided(msgspec.Struct, frozen=True):
    """One decision of the engine: as noted, and as it is derived from the noted inputs and the agent's rules now."""

    effect_key: str
    noted: dict[str, Any]
    derived: dict[str, Any]

    @property
    def is_same(self) -> bool:
        return self.noted == self.derived


class Replay(msgspec.Struct, frozen=True):
    turn_id: UUID
    agent_name: str
    agent_version: int
    status: str
    reason: str | None
    intent: str
    action: str
    questions: tuple[Asked, ...]
    decisions: tuple[Decided, ...]

    @property
    def differences(self) -> list[str]:
        """What did not come out as it was, a line each; empty = the same."""
        asked = [f"question of step {each.step} differs" for each in self.questions if each.is_same is False]
        return asked + [f"decision {each.effect_key} differs" for each in self.decisions if not each.is_same]


async def replay(db: Database, *, turn_id: UUID, specs: Specs) -> Replay:
    """Raises NotFound, NotReplayable. For operators: it looks the organization up instead of asking for it."""
    turn = await db.one("select * from turns where id = %(id)s", {"id": turn_id})
    if turn is None:
        raise NotFound("There is no such turn.")
    if not turn["brief"] or turn["agent_id"] is None:
        raise NotReplayable("This turn keeps nothing to replay it from: it was erased, or never asked anything.")
    agent = await agents.find_version(
        db, organization_id=turn["organization_id"], agent_id=turn["agent_id"], version=turn["agent_version"]
    )
    if agent is None:
        raise NotReplayable("The version of the agent that answered is not kept any more.")
    script = msgspec.convert(turn["brief"], Script)
    return Replay(
        turn_id=turn_id,
        agent_name=agent.name,
        agent_version=agent.version,
        status=turn["status"],
        reason=turn["reason"],
        intent=script.brief.intent,
        action=script.brief.action,
        questions=await _questions(db, turn, agent, script, specs),
        decisions=await _decisions(db, turn, agent),
    )


async def _questions(db: Database, turn: Row, agent: AgentRow, script: Script, specs: Specs) -> tuple[Asked, ...]:
    rows = await db.all("select * from turn_steps where turn_id = %(id)s order by step", {"id": turn["id"]})
    messages = await facts.messages_up_to(db, conversation_id=turn["conversation_id"], sequence=turn["up_to_sequence"])
    prepared = _prepared(agent, script, messages)
    asked: list[Asked] = []
    for row in rows:
        request = question(prepared, specs).for_models
        step = facts.step_of(row["reply"], row["results"])
        kept = row["brief"].get("question")
        asked.append(
            Asked(
                step=row["step"],
                provider=row["reply"].get("provider"),
                model=row["reply"].get("model"),
                request=request,
                is_same=None if kept is None else kept == digest(request),
                said=step.said,
                calls=tuple(call.name for call in step.calls),
            )
        )
        prepared.steps.append(step)
    if not rows:
        asked.append(Asked(1, None, None, question(prepared, specs).for_models, None, "", ()))
    return tuple(asked)


def _prepared(agent: AgentRow, script: Script, messages: list[Row]) -> Prepared:
    """As far as questions are made of it; nothing here can act."""

    def nobody(*_: Any) -> Any:
        raise AssertionError("a replay performs nothing")

    no_steps: list[StepDone] = []
    return Prepared(
        agent=agent,
        brief=script.brief,
        system=prompt.system(agent, organization_name=script.organization_name),
        talk=talk(script, messages),
        open_names=frozenset(script.open_names),
        tool_names=frozenset(script.tool_names),
        providers=script.providers,
        purse=Purse(agent.organization_id, {}, budgets_of(())),
        sources=Sources(),
        context=nobody,
        steps=no_steps,
        agent_state={},
    )


async def _decisions(db: Database, turn: Row, agent: AgentRow) -> tuple[Decided, ...]:
    """Those that this turn's calls of `propose_price` got. An entry is kept with its conversation, fifty at most."""
    history = await db.value(
        "select negotiation_history from conversations where id = %(id)s", {"id": turn["conversation_id"]}
    )
    noted = [entry for entry in history or () if str(entry.get("effect_key", "")).startswith(f"{turn['id']}:")]
    return tuple(_decided(entry, agent) for entry in noted)


def _decided(entry: dict[str, Any], agent: AgentRow) -> Decided:
    inputs = msgspec.convert(entry["inputs"], Inputs)
    derived = decide(
        inputs.ask,
        rules=agent.rules,
        facts=inputs.facts,
        history=inputs.history,
        budget_left=inputs.budget_left,
        standing_max=inputs.standing_max,
    )
    return Decided(entry["effect_key"], entry["engine"], msgspec.json.decode(msgspec.json.encode(derived)))

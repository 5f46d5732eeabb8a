"""Which of a merchant's agents answers (API § 4, INTENTS.md). Pure."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from agentpay.kit.errors import Conflict
from agentpay.understanding.intents import AgentType, Intent, agent_type_for


class NoActiveAgent(Conflict):
    """Nobody can answer: the organization has no active agent."""

    def __init__(self, detail: str = "This organization has no active agent.") -> None:
        super().__init__(detail)


class Routable(Protocol):
    """What routing reads of an agent."""

    @property
    def id(self) -> UUID: ...
    @property
    def agent_type(self) -> str: ...
    @property
    def status(self) -> str: ...


A = TypeVar("A", bound=Routable)


def first_agent(agents: Iterable[A]) -> A:
    """Whom a new conversation goes to: the oldest active sales agent, else the oldest active one.

    `agents` oldest first. Raises `NoActiveAgent`.
    """
    active = [agent for agent in agents if agent.status == "active"]
    if not active:
        raise NoActiveAgent
    return _first_of_type(active, AgentType.SALES) or active[0]


def may_answer(agent: Routable, *, is_training: bool) -> bool:
    """`is_training`: the conversation was started with a secret key; only there a `training` agent answers."""
    return agent.status == "active" or (is_training and agent.status == "training")


def answering_agent(agents: Sequence[A], *, intent: Intent, current_id: UUID | None, is_training: bool) -> A | None:
    """Who answers a message with this intent, or None when nobody may.

    `agents` oldest first; `current_id` is the conversation's own agent. Steps: the own agent if its type fits; else the
    oldest active one of the fitting type, then a training one; else the own agent; else whom a new conversation would
    get. An organization with one agent gets it for everything.
    """
    able = [agent for agent in agents if may_answer(agent, is_training=is_training)]
    able.sort(key=lambda agent: agent.status != "active")  # stable: still oldest first
    current = next((agent for agent in able if agent.id == current_id), None)
    wanted = agent_type_for(intent)
    if current is not None and current.agent_type == wanted:
        return current
    if fitting := _first_of_type(able, wanted):
        return fitting
    return current or _first_of_type(able, AgentType.SALES) or next(iter(able), None)


def _first_of_type(agents: Iterable[A], agent_type: str) -> A | None:
    return next((agent for agent in agents if agent.agent_type == agent_type), None)

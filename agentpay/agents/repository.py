"""Finding agents. Always through their organization; a deleted agent is not found, its versions are."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from agentpay.agents import rules, schemas
from agentpay.agents.rules import Rules
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.kit import wire
from agentpay.kit.errors import NotFound

AGENTS_PER_ORGANIZATION_MAX = 200
CACHE_ORGANIZATIONS_MAX = 1_000

COLUMNS = (
    "id, organization_id, name, agent_type, status, personality, system_prompt, tools, rules, config, metadata,"
    " version, created_at, modified_at"
)

_FIND = f"""
select {COLUMNS} from agents
where organization_id = %(organization_id)s and id = %(agent_id)s and deleted_at is null
"""
_LIST = f"""
select {COLUMNS} from agents
where organization_id = %(organization_id)s and deleted_at is null
  and (%(agent_type)s::text is null or agent_type = %(agent_type)s)
  and (%(status)s::text is null or status = %(status)s)
  and (%(before)s::uuid is null or id < %(before)s)
order by id desc limit %(limit)s
"""
# Oldest first: the first one that fits is the one that answers.
_OF_ORGANIZATION = f"""
select {COLUMNS} from agents
where organization_id = %(organization_id)s and deleted_at is null
order by created_at, id limit %(limit)s
"""
# Another number after every change of any of them: each makes a version (API § 4).
_STAMP = """
select coalesce(sum(hashtextextended(id::text, version)), 0) from agents
where organization_id = %(organization_id)s and deleted_at is null
"""
_VERSION = """
select agent_id, version, organization_id, created_at, snapshot from agent_versions
where organization_id = %(organization_id)s and agent_id = %(agent_id)s and version = %(version)s
"""
_VERSIONS = """
select agent_id, version, organization_id, created_at, snapshot from agent_versions
where organization_id = %(organization_id)s and agent_id = %(agent_id)s
  and (%(before)s::int is null or version < %(before)s)
order by version desc limit %(limit)s
"""
# Of deleted agents too: the agent that made an offer goes on lending it its rules.
_RULES = "select rules from agents where organization_id = %(organization_id)s and id = %(agent_id)s"


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as our code reads it: defaults filled in, rules in basis points."""

    id: UUID
    organization_id: UUID
    name: str
    agent_type: str
    status: str
    personality: schemas.Personality
    system_prompt: str
    tools: schemas.Tools
    rules: Rules
    config: schemas.Config
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    modified_at: datetime | None


async def find_agent(db: Database | Tx, *, organization_id: UUID, agent_id: UUID) -> AgentRow | None:
    row = await db.one(_FIND, {"organization_id": organization_id, "agent_id": agent_id})
    return None if row is None else agent_of(row)


async def get_agent(db: Database | Tx, *, organization_id: UUID, agent_id: UUID) -> AgentRow:
    """Raises `NotFound` also for a deleted agent."""
    agent = await find_agent(db, organization_id=organization_id, agent_id=agent_id)
    if agent is None:
        raise NotFound
    return agent


async def list_agents(
    db: Database | Tx,
    *,
    organization_id: UUID,
    agent_type: str | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> list[AgentRow]:
    """Up to `limit + 1` agents, newest first: the extra one tells that there are more."""
    params = {
        "organization_id": organization_id,
        "agent_type": agent_type,
        "status": status,
        "before": before,
        "limit": limit + 1,
    }
    return [agent_of(row) for row in await db.all(_LIST, params)]


async def list_of_organization(db: Database | Tx, *, organization_id: UUID) -> tuple[AgentRow, ...]:
    """All its agents, oldest first: what `routing` chooses from."""
    params = {"organization_id": organization_id, "limit": AGENTS_PER_ORGANIZATION_MAX}
    return tuple(agent_of(row) for row in await db.all(_OF_ORGANIZATION, params))


async def find_version(db: Database | Tx, *, organization_id: UUID, agent_id: UUID, version: int) -> AgentRow | None:
    """The agent as it was, deleted or not: what replay reads."""
    row = await db.one(_VERSION, {"organization_id": organization_id, "agent_id": agent_id, "version": version})
    return None if row is None else agent_of(row["snapshot"] | _identity(row))


async def list_versions(
    db: Database | Tx, *, organization_id: UUID, agent_id: UUID, before: int | None, limit: int
) -> list[Row]:
    """Up to `limit + 1` version rows, newest first, deleted agents' too."""
    params = {"organization_id": organization_id, "agent_id": agent_id, "before": before, "limit": limit + 1}
    return await db.all(_VERSIONS, params)


async def get_rules(db: Database | Tx, *, organization_id: UUID, agent_id: UUID) -> Rules:
    """The rules of this moment. A deleted agent's last ones still bind the offers it made. Raises `NotFound`."""
    stored = await db.value(_RULES, {"organization_id": organization_id, "agent_id": agent_id})
    if stored is None:
        raise NotFound
    return rules.load(stored)


class AgentsCache:
    """The agents of organizations for the hot path, as they are now: kept decoded while nothing changed. One a process.

    What a merchant has just set binds the next turn on every replica: a rule that is some seconds late concedes a price
    that is no longer allowed.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[UUID, tuple[Decimal, tuple[AgentRow, ...]]] = {}

    async def agents_of(self, *, organization_id: UUID) -> Sequence[AgentRow]:
        """All its agents, oldest first."""
        stamp = await self._db.value(_STAMP, {"organization_id": organization_id})
        kept = self._kept.get(organization_id)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        agents = await list_of_organization(self._db, organization_id=organization_id)
        self._kept.pop(organization_id, None)
        if len(self._kept) >= CACHE_ORGANIZATIONS_MAX:
            self._kept.pop(next(iter(self._kept)))
        self._kept[organization_id] = (stamp, agents)
        return agents


def agent_of(row: Row) -> AgentRow:
    """From a row of `agents`, or a version's snapshot with its identity."""
    return AgentRow(
        id=row["id"],
        organization_id=row["organization_id"],
        name=row["name"],
        agent_type=row["agent_type"],
        status=row["status"],
        personality=schemas.read(schemas.Personality, row["personality"]),
        system_prompt=row["system_prompt"],
        tools=schemas.read(schemas.Tools, row["tools"]),
        rules=rules.load(row["rules"]),
        config=schemas.read(schemas.Config, row["config"]),
        metadata=row["metadata"],
        version=row["version"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
    )


def agent_public(agent: AgentRow) -> schemas.AgentPublic:
    """As the merchant sees it."""
    values = msgspec.structs.asdict(agent)
    values["rules"] = rules.to_wire(agent.rules)
    values["created_at"] = wire.in_utc(agent.created_at)
    values["modified_at"] = wire.in_utc(agent.modified_at)
    return schemas.AgentPublic(**values)


def version_public(row: Row) -> schemas.AgentVersionPublic:
    agent = agent_public(agent_of(row["snapshot"] | _identity(row)))
    return schemas.AgentVersionPublic(
        agent_id=row["agent_id"],
        version=row["version"],
        created_at=row["created_at"],
        deleted=row["snapshot"].get("deleted", False),
        agent=agent,
    )


def _identity(row: Row) -> Row:
    created = row["snapshot"].get("created_at")
    return {
        "id": row["agent_id"],
        "organization_id": row["organization_id"],
        "version": row["version"],
        "created_at": datetime.fromisoformat(created) if created else row["created_at"],
        "modified_at": row["created_at"] if row["version"] > 1 else None,
    }
